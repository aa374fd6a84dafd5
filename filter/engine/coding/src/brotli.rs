//! `br`.

use std::{cell::Cell, rc::Rc};

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, SliceWrapper, SliceWrapperMut,
};

use crate::{
    coding::Coding,
    error::DecodeError,
    limits::{Budget, Reserved},
    stage::{Stage, Step, take},
};

/// Bytes decoded at once.
const PIECE: usize = 16 * 1024;

/// What the decoder adds to the size of its window, and what the maps of its contexts take.
const SLACK: usize = 16 * 1024;

pub(crate) struct Brotli {
    decoder: Box<BrotliState<Metered, Metered, Metered>>,
    state: State,
    out: Box<[u8]>,
    made: usize,
    refused: Rc<Cell<Option<DecodeError>>>,
    _reserved: Reserved,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Empty,
    Body,
    Done,
}

impl Brotli {
    pub(crate) fn new(window: usize, budget: &Budget) -> Result<Brotli, DecodeError> {
        type Decoder = BrotliState<Metered, Metered, Metered>;
        let reserved = budget.reserve(PIECE + size_of::<Decoder>())?;
        let refused = Rc::new(Cell::new(None));
        let allocator = |most| Metered {
            most,
            budget: budget.clone(),
            refused: Rc::clone(&refused),
        };
        // The first of the allocators gives the window, and maps that are smaller than any.
        let decoder = BrotliState::new_strict(
            allocator(window.saturating_add(SLACK)),
            allocator(usize::MAX),
            allocator(usize::MAX),
        );
        Ok(Brotli {
            decoder: Box::new(decoder),
            state: State::Empty,
            out: vec![0; PIECE].into_boxed_slice(),
            made: 0,
            refused,
            _reserved: reserved,
        })
    }

    fn decode(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        let (mut left, mut taken) = (input.len(), 0);
        let (mut room, mut made, mut total) = (self.out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            input,
            &mut room,
            &mut made,
            &mut self.out,
            &mut total,
            &mut self.decoder,
        );
        take(input, taken);
        self.made = made;
        match result {
            BrotliResult::ResultSuccess => {
                self.state = State::Done;
                Ok(Step::Piece)
            }
            BrotliResult::NeedsMoreOutput if made > 0 => Ok(Step::Piece),
            BrotliResult::NeedsMoreInput if made > 0 => Ok(Step::Piece),
            BrotliResult::NeedsMoreInput if input.is_empty() => Ok(Step::NeedsInput),
            _ => Err(self
                .refused
                .take()
                .unwrap_or(DecodeError::Corrupt(Coding::Brotli))),
        }
    }
}

impl Stage for Brotli {
    fn step(&mut self, input: &mut &[u8]) -> Result<Step, DecodeError> {
        self.made = 0;
        match self.state {
            State::Empty if input.is_empty() => Ok(Step::NeedsInput),
            State::Empty | State::Body => {
                self.state = State::Body;
                self.decode(input)
            }
            // What follows is no part of the body, and does not go on.
            State::Done => {
                take(input, input.len());
                Ok(Step::NeedsInput)
            }
        }
    }

    fn piece(&self) -> &[u8] {
        self.out.get(..self.made).unwrap_or_default()
    }

    fn may_end(&self) -> bool {
        matches!(self.state, State::Empty | State::Done)
    }
}

/// Allocates out of the budget. The decoder takes a slice that is too short for a refusal.
struct Metered {
    /// Most bytes at once.
    most: usize,
    budget: Budget,
    refused: Rc<Cell<Option<DecodeError>>>,
}

impl Metered {
    fn reserve(&self, bytes: usize) -> Result<Reserved, DecodeError> {
        // The decoder makes room for as much of the window as the body fills: a small body may well declare the largest one.
        if bytes > self.most {
            return Err(DecodeError::Window(Coding::Brotli));
        }
        self.budget.reserve(bytes)
    }
}

/// What a decoder has allocated.
struct Memory<T> {
    cells: Vec<T>,
    _reserved: Option<Reserved>,
}

impl<T: Clone + Default> Allocator<T> for Metered {
    type AllocatedMemory = Memory<T>;

    fn alloc_cell(&mut self, count: usize) -> Memory<T> {
        match self.reserve(count.saturating_mul(size_of::<T>())) {
            Ok(reserved) => Memory {
                cells: vec![T::default(); count],
                _reserved: Some(reserved),
            },
            Err(error) => {
                self.refused.set(Some(error));
                Memory::default()
            }
        }
    }

    fn free_cell(&mut self, _dropped: Memory<T>) {}
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Memory {
            cells: Vec::new(),
            _reserved: None,
        }
    }
}

impl<T> SliceWrapper<T> for Memory<T> {
    fn slice(&self) -> &[T] {
        &self.cells
    }
}

impl<T> SliceWrapperMut<T> for Memory<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.cells
    }
}
