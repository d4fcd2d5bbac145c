mod embedded;
mod fetch;
mod files;
mod official;
mod readers;
mod search;
mod server;
