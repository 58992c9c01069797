//! Several commands in a row, as people use them.

#[cfg(unix)]
mod configuration;
#[cfg(unix)]
mod foreign_folder;
#[cfg(unix)]
mod guards;
#[cfg(unix)]
mod odd_worlds;
