//! The bytes of a message while they come in, within what one and what all may hold of memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Memory is counted in steps of this.
const STEP_BYTES: usize = 64 * 1024;

/// What all messages that are being received may hold.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Memory {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(STEP_BYTES))))
    }
}

/// A message that is being received. What does not fit is read all the same, so that the client hears why, but not kept.
#[derive(Debug)]
pub(crate) struct Body {
    memory: Memory,
    most: usize,
    kept: Result<Vec<u8>, Overflow>,
    permits: Vec<OwnedSemaphorePermit>,
}

/// Why a message is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overflow {
    /// It is too large.
    Message,
    /// All messages together are.
    Memory,
}

impl Body {
    pub(crate) const fn new(memory: Memory, most: usize) -> Self {
        Self {
            memory,
            most,
            kept: Ok(Vec::new()),
            permits: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let Ok(kept) = &mut self.kept else {
            return;
        };
        let length = kept.len() + bytes.len();
        if length > self.most {
            return self.give_up(Overflow::Message);
        }
        while length > self.permits.len() * STEP_BYTES {
            match Arc::clone(&self.memory.0).try_acquire_owned() {
                Ok(permit) => self.permits.push(permit),
                Err(_) => return self.give_up(Overflow::Memory),
            }
        }
        kept.extend_from_slice(bytes);
    }

    fn give_up(&mut self, why: Overflow) {
        self.kept = Err(why);
        self.permits.clear();
    }

    /// The message, and what it holds of the memory until that is dropped.
    pub(crate) fn finish(self) -> Result<(Vec<u8>, Vec<OwnedSemaphorePermit>), Overflow> {
        Ok((self.kept?, self.permits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_over_its_limit_is_not_kept() {
        let memory = Memory::new(10 * STEP_BYTES);
        let mut body = Body::new(memory.clone(), 5);
        body.push(b"12345");
        assert_eq!(body.finish().unwrap().0, b"12345");
        let mut body = Body::new(memory, 5);
        body.push(b"12345");
        body.push(b"6");
        body.push(b"7");
        assert_eq!(body.finish().unwrap_err(), Overflow::Message);
    }

    #[test]
    fn messages_that_are_received_together_share_the_memory() {
        let memory = Memory::new(2 * STEP_BYTES);
        let most = 10 * STEP_BYTES;
        let mut one = Body::new(memory.clone(), most);
        one.push(&vec![0; STEP_BYTES + 1]);
        let mut other = Body::new(memory.clone(), most);
        other.push(b"1");
        assert_eq!(other.finish().unwrap_err(), Overflow::Memory);
        drop(one);
        let mut third = Body::new(memory, most);
        third.push(b"1");
        assert!(third.finish().is_ok());
    }
}
