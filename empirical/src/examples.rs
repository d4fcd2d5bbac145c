//! Examples on a device, or on disk until a network reads them.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};

use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use crate::compute::Compute;
use crate::data::{DataError, Images};
use crate::layers::{Forward, Image};
use crate::stream::{Stream, pixels};
use crate::tape::{Flatten, Grid, Matrix, Targets, Transposed, Var};

/// What a network reads.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a tensor is a few hundred bytes of handle, and there is one of these a batch"
)]
pub enum Inputs {
    /// Numbers, one row an example: pixels in \[0, 1\], of images in the order
    /// channel, row, column.
    Features(Matrix),
    /// Texts.
    Words(Words),
}

/// Texts of up to p words, padded behind.
#[derive(Clone, Debug)]
pub struct Words {
    /// Numbers of words, `[n, p]`.
    ids: Tensor<2, Int>,
    /// Numbers of segments, `[n, p]`.
    segments: Tensor<2, Int>,
    /// Words of each, at least 1 and at most p.
    lengths: Vec<usize>,
}

/// Examples: inputs and true classes.
///
/// ```
/// use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
/// use breakeven_empirical::examples::Examples;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// // Three examples of two numbers each, of classes 0, 1 and 1.
/// let numbers = compute.matrix(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [3, 2]);
/// let examples = Examples::new(numbers, &[0, 1, 1], 2, &compute);
/// let two = examples.select(&[2, 0]);
/// assert_eq!(two.len(), 2);
/// assert_eq!(to_host(two.targets().0), [0.0, 1.0, 1.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Examples {
    held: Held,
    /// True classes, below `classes`.
    labels: Vec<usize>,
    classes: usize,
    compute: Compute,
}

/// Where inputs are until they are read.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a tensor is a few hundred bytes of handle, and there is one of these a batch"
)]
enum Held {
    /// On the device.
    Inputs(Inputs),
    /// On disk.
    Stream(Stream),
}

impl Inputs {
    /// The numbers of each example, on the tape.
    ///
    /// # Panics
    /// If these are texts: a model is built for one kind of input.
    pub fn features(&self, on: &mut Forward) -> Var {
        match self {
            Self::Features(features) => on.tape.constant(features.clone()),
            Self::Words(_) => panic!("a model for images was given texts"),
        }
    }

    /// Images of this shape, on the tape.
    ///
    /// # Panics
    /// If these are texts.
    pub fn image(&self, on: &mut Forward, [channels, height, width]: [usize; 3]) -> Image {
        let rows = self.features(on);
        let grid = Grid {
            examples: on.tape.shape(rows)[0],
            height,
            width,
            channels,
        };
        Image {
            pixels: on.tape.linear(rows, Transposed(Flatten(grid))),
            grid,
        }
    }

    /// Texts.
    ///
    /// # Panics
    /// If these are numbers.
    pub fn words(&self) -> &Words {
        match self {
            Self::Words(words) => words,
            Self::Features(_) => panic!("a model for texts was given images"),
        }
    }

    fn device(&self) -> Device {
        match self {
            Self::Features(features) => features.device(),
            Self::Words(words) => words.ids.device(),
        }
    }

    fn select(&self, indices: &[usize]) -> Self {
        let at = int(indices.iter().copied(), &self.device());
        match self {
            Self::Features(features) => Self::Features(features.clone().select(0, at)),
            Self::Words(words) => Self::Words(Words {
                ids: words.ids.clone().select(0, at.clone()),
                segments: words.segments.clone().select(0, at),
                lengths: indices.iter().map(|&k| words.lengths[k]).collect(),
            }),
        }
    }

    fn range(&self, first: usize, count: usize) -> Self {
        match self {
            Self::Features(features) => Self::Features(features.clone().narrow(0, first, count)),
            Self::Words(words) => Self::Words(Words {
                ids: words.ids.clone().narrow(0, first, count),
                segments: words.segments.clone().narrow(0, first, count),
                lengths: words.lengths[first..first + count].to_vec(),
            }),
        }
    }
}

impl Words {
    /// From numbers of words and segments, `length` an example. A text without
    /// words counts as one with a single padding.
    ///
    /// # Panics
    /// If there are not as many numbers as texts have places.
    pub fn new(
        ids: &[u32],
        segments: Option<&[u8]>,
        lengths: Vec<usize>,
        length: usize,
        compute: &Compute,
    ) -> Self {
        let shape = [lengths.len(), length];
        let ids: Tensor<2, Int> =
            int(ids.iter().map(|&k| k as usize), compute.device()).reshape(shape);
        let segments = match segments {
            Some(all) => int(all.iter().map(|&k| k.into()), compute.device()).reshape(shape),
            None => ids.zeros_like(),
        };
        Self {
            ids,
            segments,
            lengths: lengths.into_iter().map(|k| k.clamp(1, length)).collect(),
        }
    }

    /// `[n, p]`.
    pub fn shape(&self) -> [usize; 2] {
        self.ids.dims()
    }

    /// Words of each text, at least 1.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Numbers of words, example by example.
    pub fn flat_ids(&self) -> Tensor<1, Int> {
        self.ids.clone().flatten(0, 1)
    }

    /// Numbers of segments, example by example.
    pub fn flat_segments(&self) -> Tensor<1, Int> {
        self.segments.clone().flatten(0, 1)
    }

    /// Positions, example by example.
    pub fn flat_positions(&self) -> Tensor<1, Int> {
        let [examples, length] = self.shape();
        int(
            (0..examples * length).map(|k| k % length),
            &self.ids.device(),
        )
    }

    /// The row of each text's last word among all rows.
    pub fn last_rows(&self) -> Tensor<1, Int> {
        let [_, length] = self.shape();
        let rows = self.lengths.iter().enumerate();
        int(rows.map(|(n, k)| n * length + k - 1), &self.ids.device())
    }

    /// Ones where there is a word and zeros for padding, `[n·p, 1]`.
    pub fn present(&self, on: &mut Forward) -> Var {
        let [examples, length] = self.shape();
        let row = |&words: &usize| (0..length).map(move |k| f64::from(u8::from(k < words)));
        let all: Vec<f64> = self.lengths.iter().flat_map(row).collect();
        on.constant(&all, [examples * length, 1])
    }
}

fn int(numbers: impl Iterator<Item = usize>, device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i32> = numbers
        .map(|k| i32::try_from(k).expect("numbers of rows and words are below 2³¹"))
        .collect();
    let count = numbers.len();
    Tensor::from_data(TensorData::new(numbers, [count]), device)
}

/// Labels as numbers of classes.
fn wide<L: Copy + Into<usize>>(labels: &[L]) -> Vec<usize> {
    labels.iter().map(|&label| label.into()).collect()
}

impl Examples {
    /// The first `count` of `images`, scaled as by [`Images::scaled`] in the
    /// precision of `compute`.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first(images: &Images, count: usize, compute: &Compute) -> Self {
        let inputs = Inputs::Features(pixels(images, count, compute));
        let labels = wide(&images.labels()[..count]);
        Self::of(inputs, &labels, images.classes(), compute)
    }

    /// Examples from pixels `[n, features]` and one label below `classes` each.
    pub fn new(pixels: Matrix, labels: &[u8], classes: usize, compute: &Compute) -> Self {
        Self::of(Inputs::Features(pixels), &wide(labels), classes, compute)
    }

    /// Examples from inputs and one label below `classes` each.
    pub fn of(inputs: Inputs, labels: &[usize], classes: usize, compute: &Compute) -> Self {
        Self {
            held: Held::Inputs(inputs),
            labels: labels.to_vec(),
            classes,
            compute: compute.clone(),
        }
    }

    /// Examples from pictures on disk and one label below `classes` each.
    pub fn streamed(stream: Stream, labels: &[u16], classes: usize, compute: &Compute) -> Self {
        Self {
            held: Held::Stream(stream),
            labels: wide(labels),
            classes,
            compute: compute.clone(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a network reads; pictures on disk are decoded now, each time anew.
    pub fn inputs(&self) -> Inputs {
        match &self.held {
            Held::Inputs(inputs) => inputs.clone(),
            Held::Stream(stream) => Inputs::Features(stream.decode(&self.compute)),
        }
    }

    /// Nothing, unless a picture could not be read any more: what was computed
    /// of these examples, and of all selected of them, then means nothing.
    ///
    /// # Errors
    /// The first such failure.
    pub fn failure(&self) -> Result<(), Arc<DataError>> {
        match &self.held {
            Held::Inputs(_) => Ok(()),
            Held::Stream(stream) => stream.failure().map_or(Ok(()), Err),
        }
    }

    /// The stream, where these are pictures on disk.
    pub fn stream(&self) -> Option<&Stream> {
        match &self.held {
            Held::Inputs(_) => None,
            Held::Stream(stream) => Some(stream),
        }
    }

    /// The same examples with what `change` makes of their numbers; texts have
    /// none and stay as they are.
    ///
    /// # Panics
    /// If there are more or fewer rows then.
    pub fn with_features(self, change: impl FnOnce(&Matrix) -> Matrix) -> Self {
        let Inputs::Features(features) = self.inputs() else {
            return self;
        };
        let changed = change(&features);
        assert_eq!(changed.dims()[0], self.len(), "one row an example");
        Self {
            held: Held::Inputs(Inputs::Features(changed)),
            ..self
        }
    }

    /// True classes.
    pub fn targets(&self) -> Targets {
        let mut targets = vec![0.0; self.len() * self.classes];
        for (row, &label) in targets.chunks_mut(self.classes).zip(&self.labels) {
            row[label] = 1.0;
        }
        let shape = [self.len(), self.classes];
        Targets(self.compute.matrix_f32(targets, shape))
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The examples at `indices`, in that order.
    pub fn select(&self, indices: &[usize]) -> Self {
        let held = match &self.held {
            Held::Inputs(inputs) => Held::Inputs(inputs.select(indices)),
            Held::Stream(stream) => Held::Stream(stream.select(indices)),
        };
        let labels = indices.iter().map(|&index| self.labels[index]);
        self.part(held, labels.collect())
    }

    /// `count` different examples, drawn at random.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn sample(&self, count: usize, rng: &mut ChaCha8Rng) -> Self {
        self.select(&index::sample(rng, self.len(), count).into_vec())
    }

    /// `count` examples from the one numbered `first`.
    pub fn range(&self, first: usize, count: usize) -> Self {
        let held = match &self.held {
            Held::Inputs(inputs) => Held::Inputs(inputs.range(first, count)),
            Held::Stream(stream) => Held::Stream(stream.range(first, count)),
        };
        self.part(held, self.labels[first..first + count].to_vec())
    }

    fn part(&self, held: Held, labels: Vec<usize>) -> Self {
        Self {
            held,
            labels,
            classes: self.classes,
            compute: self.compute.clone(),
        }
    }
}
