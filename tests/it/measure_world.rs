//! Data and checkpoints small enough to be worked out elsewhere, and the
//! options of `breakeven measure` that take them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

pub const IMAGES: usize = 40;
pub const SIDE: usize = 28;
pub const IMAGES_FILE: &str = "train-images-idx3-ubyte";
pub const LABELS_FILE: &str = "train-labels-idx1-ubyte";

/// Tensors in PyTorch's names and shapes, with the exponents of the formula
/// in `fixtures/reference/make_measure.py`.
pub type Tensors<'a> = Vec<(&'a str, Vec<usize>, i32)>;

pub fn mlp() -> Tensors<'static> {
    vec![
        ("fc1.weight", vec![5, 784], 9),
        ("fc1.bias", vec![5], 8),
        ("fc2.weight", vec![4, 5], 6),
        ("fc2.bias", vec![4], 8),
        ("fc3.weight", vec![10, 4], 6),
        ("fc3.bias", vec![10], 8),
    ]
}

fn simplecnn() -> Tensors<'static> {
    vec![
        ("conv1.weight", vec![2, 1, 3, 3], 6),
        ("conv1.bias", vec![2], 8),
        ("conv2.weight", vec![2, 2, 3, 3], 6),
        ("conv2.bias", vec![2], 8),
        ("conv3.weight", vec![3, 2, 3, 3], 6),
        ("conv3.bias", vec![3], 8),
        ("conv4.weight", vec![3, 3, 3, 3], 6),
        ("conv4.bias", vec![3], 8),
        ("fc1.weight", vec![4, 75], 6),
        ("fc1.bias", vec![4], 8),
        ("fc2.weight", vec![10, 4], 6),
        ("fc2.bias", vec![10], 8),
    ]
}

/// Element `k` of tensor `t`.
pub fn weight(t: usize, k: usize, exponent: i32) -> f32 {
    let hash = (k + 1000 * t + 18) as u64 * 2_654_435_761 % (1 << 32);
    (((hash >> 16) % 101) as f32 - 50.0) * 2f32.powi(-exponent)
}

/// A safetensors file: the length of the header, the header, the numbers.
pub fn safetensors(tensors: &Tensors, value: impl Fn(usize, usize, i32) -> f32) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (t, (name, shape, exponent)) in tensors.iter().enumerate() {
        let begin = data.len();
        for k in 0..shape.iter().product() {
            data.extend(value(t, k, *exponent).to_le_bytes());
        }
        let entry = json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert((*name).to_owned(), entry);
    }
    let header = Value::Object(header).to_string().into_bytes();
    [(header.len() as u64).to_le_bytes().to_vec(), header, data].concat()
}

pub fn idx(magic: u32, sides: &[u32], bytes: Vec<u8>) -> Vec<u8> {
    let numbers = [&[magic], sides].concat();
    let header = numbers.into_iter().flat_map(u32::to_be_bytes);
    header.chain(bytes).collect()
}

pub fn images() -> Vec<u8> {
    let pixel = |n: usize, r: usize, c: usize| (37 * n + 11 * r * r + 13 * c + 5 * n * r * c) as u8;
    let places = (0..IMAGES * SIDE * SIDE).map(|k| (k / SIDE / SIDE, k / SIDE % SIDE, k % SIDE));
    let bytes = places.map(|(n, r, c)| pixel(n, r, c)).collect();
    idx(0x0803, &[IMAGES as u32, SIDE as u32, SIDE as u32], bytes)
}

pub fn labels() -> Vec<u8> {
    let bytes = (0..IMAGES).map(|n| ((7 * n + 3) % 10) as u8).collect();
    idx(0x0801, &[IMAGES as u32], bytes)
}

/// A folder with data and the checkpoints of both models.
pub struct World(TempDir);

impl World {
    pub fn new() -> Self {
        let world = Self(tempdir().unwrap());
        world.write(IMAGES_FILE, images());
        world.write(LABELS_FILE, labels());
        world.write("mlp", safetensors(&mlp(), weight));
        world.write("simplecnn", safetensors(&simplecnn(), weight));
        world
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: Vec<u8>) {
        fs::write(self.path().join(name), bytes).unwrap();
    }
}

pub const DATA: [&str; 5] = ["measure", "--data", "fashion-mnist", "--data-dir", "."];
pub const MLP: [&str; 6] = ["--model", "mlp", "--hidden", "5,4", "--checkpoint", "mlp"];
pub const CNN: [&str; 8] = [
    "--model",
    "simplecnn",
    "--channels",
    "2,3",
    "--dense",
    "4",
    "--checkpoint",
    "simplecnn",
];
pub const BATCHES: [&str; 6] = [
    "--batches",
    "5",
    "--batch-size",
    "8",
    "--batch-order",
    "sequential",
];
