//! Promises that hold across commands: the shape of the code, the wire, what is generated.

mod answers;
mod architecture;
mod cookbook;
mod dependencies;
mod echoes;
mod escapes;
mod fixtures;
mod generated;
mod installer;
mod kept_files;
mod masking;
mod network;
mod output;
mod proxy;
mod readme;
mod references;
mod retries;
mod rows;
mod sandbox;
mod secrets;
mod streams;
#[cfg(target_os = "linux")]
mod syscalls;
mod tls;
mod torture;
mod wire;
