//! Why a request is not understood.

/// Why a request to a guarded service is not understood, and so is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What is wrong, as a stable word.
    pub reason: RefusalReason,
    /// What is wrong and where; never echoes the request.
    pub message: &'static str,
}

macro_rules! reasons {
    ($($variant:ident $name:literal $message:literal,)*) => {
        /// What is wrong with a request, as a stable word.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalReason {
            $(#[doc = $message] $variant,)*
        }

        impl RefusalReason {
            /// The stable name used in audit records and metrics.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            fn message(self) -> &'static str {
                match self {
                    $(Self::$variant => $message,)*
                }
            }
        }
    };
}

reasons! {
    UnknownCall "unknown-call" "no entry of the service knows this method and path",
    UnknownMount "unknown-mount" "the path begins with no configured mount",
    UnknownNamespace "unknown-namespace" "the namespace is not configured",
    UnknownMethod "unknown-method" "the method is not one that the service knows; methods are case-sensitive",
    NotOriginForm "not-origin-form" "the request target is not a path that begins with a slash",
    NotPrintable "not-printable" "the path or the query holds a control, invisible or unencoded non-ASCII character",
    NotUtf8 "not-utf8" "the path or the query is not UTF-8 once decoded",
    BadEncoding "bad-encoding" "the path or the query holds a percent sign that two hexadecimal digits do not follow",
    DoubleEncoding "double-encoding" "the path still holds a percent sign once decoded",
    EncodedDelimiter "encoded-delimiter" "the path holds an encoded question mark or number sign",
    EmptySegment "empty-segment" "the path holds an empty segment",
    DotSegment "dot-segment" "the path holds a dot segment",
    TrailingSlash "trailing-slash" "the path ends in a slash, which only a listing may",
    Backslash "backslash" "the path holds a backslash",
    Semicolon "semicolon" "the path or the query holds a semicolon",
    Fragment "fragment" "the request target holds a fragment",
    TooLong "too-long" "the path is longer than 4096 bytes or deeper than 64 segments",
    AmbiguousQuery "ambiguous-query" "`list` and `scan` in the query are both true, or not a truth value",
    Help "help" "help is not served through the gate",
    NamespaceNotCanonical "namespace-not-canonical" "the namespace header is not a plain path without empty or dot segments",
    InlineAuth "inline-auth" "headers that log in and make the call at once are not served through the gate",
    Recover "recover" "headers and parameters that take a secret from a snapshot or another path are not served through the gate",
    MethodOverride "method-override" "a header asks for another method than the request's",
    DuplicateHeader "duplicate-header" "a header that decides about the call occurs more than once",
    WrapTtl "wrap-ttl" "the wrapping time is not a whole number with units of seconds, minutes, hours or days",
}

impl From<RefusalReason> for Refusal {
    fn from(reason: RefusalReason) -> Self {
        Self {
            reason,
            message: reason.message(),
        }
    }
}
