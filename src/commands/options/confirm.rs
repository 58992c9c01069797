//! How a write is confirmed, or only tried out.

use clap::Args;

use super::parse::quiet;
use crate::config::profile::ProfileName;

/// The flags of every command that writes.
#[derive(Args, Clone, Debug, Default)]
pub struct Confirm {
    /// Confirm a write to a protected profile by its name
    #[arg(long, value_name = "PROFILE", value_delimiter = ',', value_parser = quiet::<ProfileName>())]
    pub confirm: Vec<ProfileName>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
