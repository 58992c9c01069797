pub mod api;
pub mod config;
pub mod disk;
pub mod model;
pub mod net;
