//! Several commands in a row, as people use them.

#[cfg(unix)]
mod configuration;
mod first_run;
#[cfg(unix)]
mod fleet;
#[cfg(unix)]
mod foreign_files;
#[cfg(unix)]
mod foreign_folder;
#[cfg(unix)]
mod guards;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod odd_worlds;
#[cfg(unix)]
mod receiving;
#[cfg(unix)]
mod two_servers;
