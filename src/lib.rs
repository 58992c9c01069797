pub mod disk;
pub mod net;
