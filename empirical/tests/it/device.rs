//! The same numbers on a graphics card, or on a software Vulkan.

use breakeven_empirical::compute::{DeviceKind, Precision};
use breakeven_empirical::operator::PointSettings;

use crate::operators::check_reference;
use crate::reference::Reference;

#[test]
#[ignore = "needs a Vulkan device"]
fn products_on_wgpu_match_pytorch() {
    for case in ["mlp_tiny", "mlp", "simplecnn_tiny"] {
        let reference = Reference::load_on(case, DeviceKind::Wgpu, Precision::F32);
        check_reference(&reference, PointSettings::default());
    }
}
