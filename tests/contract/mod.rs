//! Promises that hold across commands: the shape of the code, the wire, what is generated.

mod architecture;
mod generated;
mod readme;
mod sandbox;
