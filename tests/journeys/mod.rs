//! Several commands in a row, as people use them.
