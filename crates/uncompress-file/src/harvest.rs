//! What has become of the members so far, whichever format they come from.

use std::io::{self, Read};

use pipeline_core::{BadPart, Limits};

use crate::content::Content;
use crate::error::{Defect, UnpackError};
use crate::member::{self, Member};

/// Takes the members of an archive, one after the other.
pub trait Visitor {
    /// What passing a member on may fail with.
    type Error;

    /// Takes one member. If reading `content` fails, the member is bad: nothing of it may be kept, and the visit has
    /// succeeded all the same ([`Content::copy_to`] says which).
    ///
    /// # Errors
    /// If the member could not be passed on; the unpacking stops then.
    fn visit(&mut self, member: &Member, content: &mut Content<'_>) -> Result<(), Self::Error>;
}

/// Passes members to the visitor and keeps account.
pub(crate) struct Harvest<'a, V: Visitor> {
    visitor: &'a mut V,
    limits: &'a Limits,
    all_left: u64,
    is_full: bool,
    good: u64,
    bad: Vec<BadPart>,
}

impl<'a, V: Visitor> Harvest<'a, V> {
    pub(crate) const fn new(visitor: &'a mut V, limits: &'a Limits) -> Self {
        Self {
            visitor,
            limits,
            all_left: limits.unpacked_bytes,
            is_full: false,
            good: 0,
            bad: Vec::new(),
        }
    }

    /// Passes one member on, if it is whole.
    pub(crate) fn offer(
        &mut self,
        number: u64,
        name: &str,
        unpacked: &mut dyn Read,
    ) -> Result<(), UnpackError<V::Error>> {
        if self.is_full {
            self.refuse(name, &Defect::TooLargeInAll(self.limits.unpacked_bytes));
            return Ok(());
        }
        let Some(member) = Member::new(number, name) else {
            return Ok(());
        };
        if !member::may_be_apple_double(name) {
            return self.pass(&member, unpacked);
        }
        let mut head = Vec::new();
        match (&mut *unpacked).take(4).read_to_end(&mut head) {
            Ok(_) if head == member::APPLE_DOUBLE => Ok(()),
            Ok(_) => self.pass(&member, &mut head.as_slice().chain(unpacked)),
            Err(error) => {
                self.refuse(name, &Defect::of(&error));
                Ok(())
            }
        }
    }

    fn pass(&mut self, member: &Member, unpacked: &mut dyn Read) -> Result<(), UnpackError<V::Error>> {
        let (member_cap, all_cap) = (self.limits.member_bytes, self.limits.unpacked_bytes);
        let mut content = Content::new(unpacked, member_cap, all_cap, &mut self.all_left);
        self.visitor.visit(member, &mut content).map_err(UnpackError::Output)?;
        match content.finish() {
            Ok(()) => self.good += 1,
            Err(defect) => {
                self.is_full |= matches!(defect, Defect::TooLargeInAll(_));
                self.refuse(&member.name, &defect);
            }
        }
        Ok(())
    }

    /// Notes a bad part: a member, or the archive itself.
    pub(crate) fn refuse(&mut self, name: &str, defect: &Defect) {
        self.bad.push(defect.of_part(name));
    }

    /// How many members went on, and which parts were bad.
    pub(crate) fn into_parts(self) -> (u64, Vec<BadPart>) {
        (self.good, self.bad)
    }
}

impl<E> From<io::Error> for UnpackError<E> {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
