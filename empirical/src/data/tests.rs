mod embedded;
mod fetch;
pub(super) mod files;
mod official;
mod readers;
mod search;
mod server;
mod whole;
