//! What must hold for the product as a whole: the wire, generated files, the README, the floors.
