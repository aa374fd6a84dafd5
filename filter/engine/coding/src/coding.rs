//! Names of content codings.

use std::fmt;

/// A content coding that can be decoded here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// `gzip`, also called `x-gzip`.
    Gzip,
    /// `deflate`: zlib's format, or the bare one that some servers send under this name.
    Deflate,
    /// `br`, with the feature `brotli`.
    Brotli,
    /// `zstd`, with the feature `zstd`.
    Zstd,
}

/// Most codings that are decoded one inside the other.
pub const MAX_CODINGS: usize = 3;

/// A body in a coding that is not decoded here, or in too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content coding that is not decoded here")]
pub struct Unsupported;

impl Coding {
    /// The coding of this name, whatever its case.
    pub fn named(name: &[u8]) -> Option<Coding> {
        let coding = match name.to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Coding::Gzip,
            b"deflate" => Coding::Deflate,
            b"br" => Coding::Brotli,
            b"zstd" => Coding::Zstd,
            _ => return None,
        };
        coding.is_built_in().then_some(coding)
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    /// The codings of a body in the order in which they were applied, from the values of its `content-encoding`.
    /// None for a body that is not encoded.
    ///
    /// # Errors
    ///
    /// One of them is not known here, or there are more than [`MAX_CODINGS`].
    pub fn list<'v>(
        values: impl IntoIterator<Item = &'v [u8]>,
    ) -> Result<Vec<Coding>, Unsupported> {
        let mut codings = Vec::new();
        for name in tokens(values) {
            if name.eq_ignore_ascii_case(b"identity") {
                continue;
            }
            codings.push(Coding::named(name).ok_or(Unsupported)?);
            if codings.len() > MAX_CODINGS {
                return Err(Unsupported);
            }
        }
        Ok(codings)
    }

    fn is_built_in(self) -> bool {
        match self {
            Coding::Gzip | Coding::Deflate => true,
            Coding::Brotli => cfg!(feature = "brotli"),
            Coding::Zstd => cfg!(feature = "zstd"),
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The items of a comma-separated header.
pub(crate) fn tokens<'v>(
    values: impl IntoIterator<Item = &'v [u8]>,
) -> impl Iterator<Item = &'v [u8]> {
    values
        .into_iter()
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_listed_in_the_order_in_which_they_were_applied() {
        let list = |values: &[&'static str]| Coding::list(values.iter().map(|v| v.as_bytes()));
        assert_eq!(list(&["identity, ,"]), Ok(vec![]));
        assert_eq!(list(&["X-GZip"]), Ok(vec![Coding::Gzip]));
        assert_eq!(
            list(&["gzip, identity", "deflate"]),
            Ok(vec![Coding::Gzip, Coding::Deflate])
        );
        for unknown in ["compress", "gzip;q=1", "gzip gzip", "aws-chunked"] {
            assert_eq!(list(&[unknown]), Err(Unsupported), "{unknown}");
        }
        assert_eq!(list(&["gzip,gzip,gzip,gzip"]), Err(Unsupported));
    }
}
