use super::*;
use crate::RuleSet;

/// The spelling and field that stand at the end of an identifier, found as the scanner does: at the starts of words.
fn found(identifier: &str) -> Option<String> {
    let rules = RuleSet::builtin().unwrap();
    let fields = &rules.carriers.fields;
    let bytes = identifier.as_bytes();
    if fields.excluded(bytes) {
        return None;
    }
    let spellings = fields.spellings();
    (0..bytes.len())
        .filter(|at| {
            let before = at.checked_sub(1).map_or(0, |at| kind_of(bytes[at]));
            starts_word(before, kind_of(bytes[*at]))
        })
        .find_map(|at| {
            let rest = bytes[at..].to_ascii_lowercase();
            let found = spellings.iter().find(|(spelling, _)| *spelling == rest)?;
            Some(
                fields
                    .fields()
                    .get(usize::from(found.1))
                    .unwrap()
                    .kind
                    .clone(),
            )
        })
}

#[test]
fn every_spelling_of_a_name_is_found() {
    for (identifier, kind) in [
        ("password", "password-field"),
        ("PASSWORD", "password-field"),
        ("db_password", "password-field"),
        ("dbPassword", "password-field"),
        ("DB_PASSWORD", "password-field"),
        ("dbpassword", "password-field"),
        ("DBPASSWORD", "password-field"),
        ("spring.datasource.password", "password-field"),
        ("newPassword", "password-field"),
        ("MasterUserPassword", "password-field"),
        ("_password", "password-field"),
        ("client_secret", "secret-field"),
        ("clientSecret", "secret-field"),
        ("ClientSecret", "secret-field"),
        ("CLIENTSECRET", "secret-field"),
        ("client-secret", "secret-field"),
        ("client.secret", "secret-field"),
        ("Client Secret", "secret-field"),
        ("apiKey", "api-key-field"),
        ("API_KEY", "api-key-field"),
        ("X-Api-Key", "api-key-field"),
        ("x-apikey", "api-key-field"),
        ("ocp-apim-subscription-key", "api-key-field"),
        ("AccessToken", "token-field"),
        ("access_token", "token-field"),
        ("ACCESSTOKEN", "token-field"),
        ("X-Vault-Token", "token-field"),
        ("client_token", "token-field"),
        ("_authToken", "token-field"),
        ("SecretAccessKey", "cloud-secret-field"),
        ("AWS_SECRET_ACCESS_KEY", "cloud-secret-field"),
        ("privateKey", "key-field"),
        ("private_key", "key-field"),
        ("SecretString", "secret-field"),
        ("SAMLResponse", "assertion-field"),
        ("Proxy-Authorization", "authorization"),
        ("credentials", "credentials-field"),
        ("stringData", "credentials-field"),
    ] {
        assert_eq!(found(identifier).as_deref(), Some(kind), "{identifier}");
    }
}

#[test]
fn a_field_says_what_its_value_is() {
    let mut names = FieldNames::default();
    let entry = "kind = \"x-field\"\ncategory = \"cloud\"\nconfidence = \"low\"\nholds = \"scheme\"\nnames = [\"X.Sesame\", \"sesame\"]\n";
    names
        .add("my.toml", toml::from_str(entry).unwrap())
        .unwrap();
    let field = names.fields().first().unwrap();
    assert_eq!(
        (field.kind.as_str(), field.category.name()),
        ("x-field", "cloud")
    );
    assert_eq!(
        (field.confidence, field.holds),
        (Confidence::Low, Holds::Scheme)
    );
    assert!(names.fields().get(1).is_none());
    let spellings: Vec<_> = names.spellings();
    assert_eq!(
        spellings,
        [(b"sesame".to_vec(), 0), (b"xsesame".to_vec(), 0)],
        "`x_sesame` ends with `sesame`"
    );
}

#[test]
fn a_name_keeps_its_first_meaning() {
    let mut names = FieldNames::default();
    for kind in ["first", "second"] {
        let entry = format!(
            "kind = \"{kind}\"\ncategory = \"cloud\"\nconfidence = \"low\"\nnames = [\"open_sesame\"]\n"
        );
        names
            .add("my.toml", toml::from_str(&entry).unwrap())
            .unwrap();
    }
    let spellings = names.spellings();
    assert_eq!(spellings.len(), JOINTS.len());
    assert!(
        spellings
            .iter()
            .all(|(_, id)| names.fields().get(usize::from(*id)).unwrap().kind == "first")
    );
}

#[test]
fn look_alikes_are_left_alone() {
    for identifier in [
        "next_token",
        "nextToken",
        "NextToken",
        "response.nextToken",
        "nextPageToken",
        "NEXT_PAGE_TOKEN",
        "page_token",
        "continuationToken",
        "token_type",
        "tokenType",
        "token_uri",
        "csrf_token",
        "csrfToken",
        "X-CSRF-Token",
        "csrfmiddlewaretoken",
        "_csrf_token",
        "XSRF-TOKEN",
        "client_id",
        "clientId",
        "key_id",
        "kid",
        "public_key",
        "primaryKey",
        "cache_key",
        "password_hash_algorithm",
        "password_policy",
        "passwordPolicy",
        "password_hint",
        "secret_name",
        "secretName",
        "forgot_password",
        "hasPassword",
        "max_tokens",
        "tokens",
        "tokenizer",
        "secretary",
        "value",
        "data",
        "code",
        "state",
        "payload",
        "signature",
        "id",
        "author",
        "compassword",
    ] {
        assert_eq!(found(identifier), None, "{identifier}");
    }
}

#[test]
fn exclusions_end_at_the_start_of_a_word() {
    let mut names = FieldNames::default();
    names.exclude("next_token");
    names.exclude("t");
    names.exclude("csrf*");
    for (identifier, excluded) in [
        ("next_token", true),
        ("nexttoken", true),
        ("NextToken", true),
        ("x-next.token", true),
        ("context_token", false),
        ("contextToken", false),
        ("conNextToken", true),
        ("next_tokens", false),
        ("a_t", true),
        ("t", true),
        ("at", false),
        ("my_csrf_thing", true),
        ("CSRFTOKEN", true),
        ("mycsrf", false),
        ("", false),
        ("___", false),
    ] {
        assert_eq!(
            names.excluded(identifier.as_bytes()),
            excluded,
            "{identifier}"
        );
    }
}

#[test]
fn spellings_are_sorted_lower_case_and_unique() {
    let spellings = RuleSet::builtin().unwrap().carriers.fields.spellings();
    assert!(spellings.is_sorted_by(|a, b| a.0 < b.0));
    assert!(
        spellings
            .iter()
            .all(|(spelling, _)| spelling.len() >= SHORTEST
                && !spelling.iter().any(u8::is_ascii_uppercase))
    );
}

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["", "a", "pass*", "mot de pässe", "a:b:c"] {
        let text = format!(
            "[[field]]\nkind = \"x\"\ncategory = \"password\"\nconfidence = \"low\"\nnames = [\"{name}\"]\n"
        );
        let error = RuleSet::builder().carriers("my.toml", &text).err().unwrap();
        assert!(
            error
                .to_string()
                .contains("my.toml: rule `x`: field `names`"),
            "{error}"
        );
    }
}
