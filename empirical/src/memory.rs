//! How much memory there is.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that this process may still take: what the machine has free, or less
/// where a container's limit leaves less. Absent where the system does not
/// tell.
///
/// ```
/// use breakeven_empirical::memory::available;
///
/// let mut system = sysinfo::System::new();
/// system.refresh_memory();
/// if let Some(bytes) = available() {
///     assert!(bytes <= system.total_memory());
/// }
/// ```
pub fn available() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory);
    let machine = Some(system.available_memory()).filter(|&bytes| bytes > 0)?;
    let container = system.cgroup_limits().map(|limits| limits.free_memory);
    Some(container.map_or(machine, |bytes| bytes.min(machine)))
}
