//! A configuration made ready: rules compiled, policies validated, services loaded.

use std::sync::Arc;

use veilgate_coding::Budget;
use veilgate_redact::{Masker, RuleError, RuleSet, RuleSetBuilder, Scrubber};

use crate::{
    allow::Allowlist,
    config::{self, Audit, Config, ConfigError, Limits, Mode, Redaction},
    gate::Policies,
};

/// Everything that is the same for all exchanges under one configuration. Immutable; share it by `Rc`.
///
/// Building one compiles rules and policies (tens of milliseconds); nothing is compiled after that.
pub struct Engine {
    pub(crate) mode: Mode,
    #[cfg_attr(
        not(feature = "policy"),
        expect(dead_code, reason = "there is nothing to ask")
    )]
    pub(crate) policies: Policies,
    pub(crate) redaction: Redaction,
    pub(crate) allow: Allowlist,
    pub(crate) audit: Audit,
    pub(crate) limits: veilgate_redact::Limits,
    pub(crate) decoding: veilgate_coding::Limits,
    /// Memory of all bodies that are being decoded.
    pub(crate) budget: Budget,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) masker: Arc<Masker>,
}

impl Engine {
    /// Reads and compiles a configuration as a host hands it over: JSON text, nothing, or a raw protobuf `Struct`.
    ///
    /// # Errors
    ///
    /// The first mistake, by its path in the document. The caller keeps the engine it had.
    pub fn configure(raw: &[u8]) -> Result<Engine, ConfigError> {
        config::read(raw)
            .and_then(Engine::new)
            .map_err(ConfigError::masked)
    }

    fn new(config: Config) -> Result<Engine, ConfigError> {
        let policies = Policies::new(&config.policy, &config.services, config.identity)?;
        let rules = rules(&config.redaction)?;
        check_known(&rules, &config.limits)?;
        check_block(&config.redaction.block, &rules)?;
        let keyed = config.redaction.mask.key.is_some();
        let allow = Allowlist::new(&config.redaction.rules.allow, &rules, keyed)?;
        let masker = masker(&config.redaction)?;
        Ok(Engine {
            mode: config.mode,
            policies,
            allow,
            audit: config.audit,
            limits: limits(&config.limits),
            decoding: config.limits.decode.of_a_body(),
            budget: config.limits.decode.budget(),
            rules: Arc::new(rules),
            masker: Arc::new(masker),
            redaction: config.redaction,
        })
    }

    /// Whether verdicts and masks take effect.
    pub(crate) fn enforces(&self) -> bool {
        self.mode == Mode::Enforce
    }

    pub(crate) fn scrubber(&self) -> Scrubber<'_> {
        Scrubber::new(&self.rules, &self.masker)
    }
}

fn rules(redaction: &Redaction) -> Result<RuleSet, ConfigError> {
    let builder = || -> Result<RuleSetBuilder, RuleError> {
        let mut builder = RuleSet::builder().builtin()?;
        if let Some(extra) = &redaction.rules.extra {
            builder = builder.rules("redaction.rules.extra", extra)?;
        }
        for kind in &redaction.rules.disable {
            builder = builder.disable(kind)?;
        }
        Ok(builder.profile(redaction.rules.profile))
    };
    let key = redaction.mask.key.as_ref().map(config::Secret::expose);
    let at = |path| move |error| ConfigError::at(path, error);
    builder()
        .map_err(at("redaction.rules"))?
        .known(&redaction.known, key)
        .map_err(at("redaction.known"))?
        .build()
        .map_err(at("redaction.rules"))
}

/// A value that cannot be held until it is complete would end every stream that starts like it.
fn check_known(rules: &RuleSet, limits: &Limits) -> Result<(), ConfigError> {
    let longest = rules.longest_known();
    if longest <= limits.held_bytes {
        return Ok(());
    }
    let message = format!(
        "`redaction.known` has a value that takes up to {longest} bytes when it is written with escapes; that much has to be held"
    );
    Err(ConfigError::at("limits.held_bytes", message))
}

/// A misspelt kind must not mean that nothing is blocked.
fn check_block(block: &[String], rules: &RuleSet) -> Result<(), ConfigError> {
    for (index, name) in block.iter().enumerate() {
        if !rules
            .rules()
            .any(|rule| rule.kind() == name || rule.category() == name)
        {
            return Err(ConfigError::at(
                format!("redaction.block[{index}]"),
                format!("`{name}` is neither a kind nor a category of any rule"),
            ));
        }
    }
    Ok(())
}

fn masker(redaction: &Redaction) -> Result<Masker, ConfigError> {
    let mask = &redaction.mask;
    let style = match (mask.style, &mask.text) {
        (config::MaskStyle::Label, None) => veilgate_redact::MaskStyle::Label,
        (config::MaskStyle::KeepLast4, None) => veilgate_redact::MaskStyle::KeepLast4,
        (config::MaskStyle::SameLength, None) => veilgate_redact::MaskStyle::SameLength,
        (config::MaskStyle::Fixed, Some(text)) if is_plain(text) => {
            veilgate_redact::MaskStyle::Fixed(text.clone())
        }
        (config::MaskStyle::Fixed, Some(_)) => {
            let message =
                "a mask must be printable ASCII without quotes, backslashes, `&`, `<`, `;` or `,`";
            return Err(ConfigError::at("redaction.mask.text", message));
        }
        (config::MaskStyle::Fixed, None) => {
            return Err(ConfigError::at(
                "redaction.mask.text",
                "style `fixed` needs a text",
            ));
        }
        (_, Some(_)) => {
            return Err(ConfigError::at(
                "redaction.mask.text",
                "only style `fixed` takes a text",
            ));
        }
    };
    let masker = Masker::new(style, mask.key.as_ref().map(config::Secret::expose));
    Ok(match mask.jwt {
        config::Jwt::Mask => masker,
        config::Jwt::KeepHeader => masker.showing_jose_headers(),
    })
}

/// Whether a mask can stand in JSON, forms, headers, XML and log lines without breaking them.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !br#""'\&<>;,"#.contains(&byte))
}

fn limits(limits: &Limits) -> veilgate_redact::Limits {
    let on_limit = match limits.on_limit {
        config::OnLimit::Truncate => veilgate_redact::OnLimit::Truncate,
        config::OnLimit::MaskRest => veilgate_redact::OnLimit::MaskRest,
        config::OnLimit::PassThrough => veilgate_redact::OnLimit::PassThrough,
    };
    veilgate_redact::Limits {
        held: limits.held_bytes,
        on_limit,
    }
}
