//! Several commands in a row, as people use them.

mod configuration;
mod first_run;
mod foreign_folder;
mod guards;
mod odd_worlds;
