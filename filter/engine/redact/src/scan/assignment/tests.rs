use std::ops::Range;

use proptest::prelude::*;

use super::*;

#[test]
fn the_state_is_small() {
    assert!(size_of::<Assignment>() <= 32);
}

/// What `text` holds behind its first name: the value and its shape. Every promise of the steps is checked on the way.
fn value(text: &str, holds: Holds) -> Option<(&str, ValueShape)> {
    const NAMES: [&str; 5] = [
        "authorization",
        "credentials",
        "password",
        "api_key",
        "token",
    ];
    let lower = text.to_ascii_lowercase();
    let (at, name) = NAMES
        .iter()
        .filter_map(|name| Some((lower.find(name)?, *name)))
        .min()?;
    let (_, before) = identifier(text.as_bytes(), at);
    let range = walk(
        text.as_bytes(),
        at + name.len(),
        Assignment::new(before, holds),
    );
    range.map(|(range, shape)| (text.get(range).unwrap(), shape))
}

/// Steps through the bytes from `at`, and finishes at every cut as well. So it is with runs that are taken at once.
fn walk(text: &[u8], at: usize, assignment: Assignment) -> Option<(Range<usize>, ValueShape)> {
    let found = stepped(text, at, assignment);
    let Context { before, holds, .. } = assignment.context;
    if Assignment::is_hopeless(Some(before), &text[at..], holds) {
        assert_eq!(found, None, "hopeless");
    }
    assert_eq!(
        skipped(text, at, assignment),
        found.clone().map(|(range, _)| range)
    );
    found
}

fn skipped(text: &[u8], mut at: usize, mut assignment: Assignment) -> Option<Range<usize>> {
    let mut start = at;
    at += assignment.run_to_value(&text[at..]);
    while at < text.len() {
        at += assignment.run(&text[at..]);
        let Some(byte) = text.get(at) else { break };
        match assignment.step(*byte) {
            Step::Starts => start = at,
            Step::Ends(back) => return Some(start..at - usize::from(back)),
            Step::EndsHere => return Some(start..at + 1),
            Step::Fails => return None,
            Step::More | Step::InValue => {}
        }
        at += 1;
    }
    match assignment.finish() {
        Step::Ends(back) => Some(start..at - usize::from(back)),
        _ => None,
    }
}

fn stepped(
    text: &[u8],
    at: usize,
    mut assignment: Assignment,
) -> Option<(Range<usize>, ValueShape)> {
    let (mut start, mut sure, mut certain_at) = (None, at, None);
    for (at, byte) in text.iter().enumerate().skip(at) {
        let mut cut = assignment;
        let ended = match cut.finish() {
            Step::Fails => None,
            Step::Ends(back) => Some(at - usize::from(back)),
            step => panic!("{step:?} at the end"),
        };
        assert!(ended.is_none_or(|end| start.is_some_and(|start| start < end) && end >= sure));
        assert!(
            certain_at.is_none() || ended.is_some(),
            "certain, and fails when cut"
        );
        assert_eq!(cut.step(b'x'), Step::Fails, "over");
        let step = assignment.step(*byte);
        assert!(assignment.doubtful() <= DOUBTFUL);
        assert!(
            certain_at.is_none() || step != Step::Fails,
            "failed when certain"
        );
        certain_at = certain_at.or_else(|| assignment.is_certain().then_some(at));
        match step {
            Step::More => start = None,
            Step::Starts => start = Some(at),
            Step::InValue => assert!(start.is_some(), "no start"),
            Step::Ends(_) | Step::EndsHere | Step::Fails => {
                let end = match step {
                    Step::Ends(back) => at - usize::from(back),
                    Step::EndsHere => at + 1,
                    _ => return None,
                };
                assert!(end >= sure, "{end} < {sure}: less doubtful than said");
                let mut over = assignment;
                assert_eq!((over.step(b'"'), over.finish()), (Step::Fails, Step::Fails));
                return Some((start.unwrap()..end, assignment.shape()));
            }
        }
        if let Some(start) = start {
            sure = sure
                .max(start)
                .max((at + 1).saturating_sub(usize::from(assignment.doubtful())));
            assert!(
                at - start < 400 || assignment.is_certain(),
                "undecided for too long"
            );
        }
    }
    match assignment.finish() {
        Step::Ends(back) => Some((
            start.unwrap()..text.len() - usize::from(back),
            assignment.shape(),
        )),
        Step::Fails => None,
        step => panic!("{step:?} at the end"),
    }
}

/// A text whose value stands between `‹` and `›`, none if there is none.
fn check(marked: &str, shape: ValueShape, holds: Holds) -> Result<(), String> {
    let text: String = marked.chars().filter(|c| !"‹›".contains(*c)).collect();
    let expected = marked
        .split_once('‹')
        .map(|(_, rest)| (rest.split_once('›').map_or(rest, |(value, _)| value), shape));
    let found = value(&text, holds);
    if found == expected {
        Ok(())
    } else {
        Err(format!("{marked}\n    found {found:?}"))
    }
}

fn check_all(shape: ValueShape, holds: Holds, cases: &[&str]) {
    let failures: Vec<_> = cases
        .iter()
        .filter_map(|case| check(case, shape, holds).err())
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn values_between_quotes() {
    check_all(
        ValueShape::Quoted,
        Holds::Anything,
        &[
            r#"{"password":"‹hunter2›"}"#,
            "password == '‹hunter2›'",
            "password !== \"‹hunter2›\"",
            "password string = \"‹hunter2›\"",
            "the password is '‹hunter2›'",
            "setenv(\"DB_PASSWORD\", \"‹c0rrecthorsebattery›\")",
            r#"{"password" : "‹hunter2›","a":1}"#,
            "{\n  \"password\":\n    \"‹hunter2›\"\n}",
            r#"{"password":"‹hunter2"#,
            r#"{"password":"‹hunt›"}"#,
            r#"{"DB_PASSWORD":"‹correct horse battery staple›"}"#,
            r#"{"password":"‹a\"b\\›"}"#,
            r#"{"password":"‹\"quoted\"›"}"#,
            r#"{"password":"‹a\\\"b›","b":"c"}"#,
            r#"{"password":"‹p\u0061ss\n\/word›"}"#,
            r#"{"password":"‹hunter2\\›"}"#,
            "{\"password\":\"‹unclosed hunter2›\n}",
            r#"{"password":"‹,}]&;=:<>'`›"}"#,
            r#"{"password":"‹pässwörd€›"}"#,
            r#"{"a":"{\"password\":\"‹hunter2›\"}"}"#,
            r#"{"a":"{\"password\": \"‹hun\\\"ter2›\",\"b\":1}"}"#,
            r#"{"a":"{\"password\":\"‹hunter2\\\\›\",\"b\":1}"}"#,
            r#"{"a":"{\"password\":\"‹hunter2›"}"#,
            r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"‹hunter2›\\\"}\"}"}"#,
            r#"{"a":"{\"b\":\"{\\\"password\\\":\\\"‹hun\\\\\\\"ter2›\\\"}\"}"}"#,
            r#"{\\\\\\\"password\\\\\\\":\\\\\\\"‹hunter2›\\\\\\\"}"#,
            r#"'{\\"password\\": \\"‹hunter2›\\"}'"#,
            "{'password': '‹hunter2›', 'b': 1}",
            r#"{'password': "‹it's hunter›"}"#,
            r"{'password': '‹it\'s hunter›'}",
            "{'password': b'‹hunter2›'}",
            r#"{"password" => "‹hunter2›"}"#,
            r#"{:password=>"‹hunter2›"}"#,
            "config['password'] = '‹hunter2›';",
            r#"$_ENV["password"]="‹hunter2›";"#,
            "password: \"‹hunter2›\"",
            "password: '‹it''s hunter›'\n",
            "password: '‹hunter2›'",
            "password: \"‹two\n lines›\"\n",
            "password = \"‹hunter2›\"",
            "password := `‹hunter2›`",
            "export DB_PASSWORD=\"‹hunter2›\"",
            "let password = \"‹hunter2›\";",
            "level=info password=\"‹hunter two›\" user=bob",
            "--password \"‹hunter2›\"",
            "--password='‹hunter2›' x",
            "CREATE USER a WITH PASSWORD '‹hunter2›';",
            r#"{"sql":"ALTER USER a PASSWORD \"‹hunter2›\""}"#,
            r#"{"cmd":"export PASSWORD=\"‹hunter2›\"; x"}"#,
            r#"<user password="‹hunter2›" name="a"/>"#,
            r#"<input type="password" value="‹hunter2›">"#,
            r#"<add key="password" value="‹hunter2›"/>"#,
            r#"{"name":"DB_PASSWORD","value":"‹hunter2›"}"#,
            "{\"name\": \"DB_PASSWORD\",\n \"value\": \"‹hunter2›\"}",
            r#"{"a":"{\"name\":\"DB_PASSWORD\",\"value\":\"‹hunter2›\"}"}"#,
            "- name: DB_PASSWORD\n  value: \"‹hunter2›\"\n",
            r#"{"password":"‹$2a$10$N9qo8uLOickgx2ZMRZoMye›"}"#,
            r#"{"password":"‹$ecret1›"}"#,
            r#"{"password":"‹hiddenTreasure42›"}"#,
            r#"{"password":"‹changeme›"}"#,
            "password ?= \"‹hunter2›\"",
            "$password .= \"‹hunter2›\";",
            "password ||= '‹hunter2›'",
            "password ::= \"‹hunter2›\"",
            "password :::= \"‹hunter2›\"",
            "password += \"‹hunter2›\"",
            "def f(password: str = \"‹hunter2›\"):",
            "System.setProperty(\"db.password\", \"‹hunter2hunter2hunter2›\")",
            r#"[["Token", "‹84896a0c-1347-aa90-a4f6-aca8b7558780›"]]"#,
            r#"{"a":"[\"password\",\"‹hunter2hunter2hunter2›\"]"}"#,
        ],
    );
}

#[test]
fn values_without_quotes() {
    check_all(
        ValueShape::Bare,
        Holds::Anything,
        &[
            "password: |\n  ‹hunter2›\nuser: bob\n",
            "  password: >-\n    ‹hunter2›\n  user: bob\n",
            "password: |2+\r\n  ‹hunter2›\r\n\r\nuser: bob",
            "password: |\n\n   ‹hunter2\n   and two\n\n     more lines›\n\n  # no more\n",
            "password: |\n  ‹hunter2›",
            "password=‹hunter2›&user=bob",
            "the password ‹4f1c9a6b2d8e7035› is known",
            "svc-password-‹4f1c9a6b2d8e7035›",
            "user=bob&password=‹hunter›",
            "user=bob&password=‹a%26b%3Dc+d›&x=1",
            "user=bob&password=‹a.b.c›&x=1",
            "user=bob&password=‹f1(x›&x=1",
            "user%5Bpassword%5D=‹hunter2›&x=1",
            "user[password]=‹hunter2›&x=1",
            "GET /x?password=‹hunter2› HTTP/1.1",
            "https://a.test/?password=‹hunter2›\"",
            r#"{"url":"/x?password=‹hunter2›\u0026user=bob"}"#,
            r#"{"url":"/x?password=‹hun\/ter2›&user=bob"}"#,
            r#"{"env":"password=‹hunter2›\nuser=bob"}"#,
            r#"{"env":"a\npassword=‹hunter2›"}"#,
            "password: ‹hunter2›\nuser: bob\n",
            "password: ‹hunter›\n",
            "password: ‹hunter›   \n",
            "db:\n  password: ‹hunter2›\n",
            "db:\n  - password: ‹hunter2 and more› \n",
            "password: ‹c0rrect horse battery staple›\n",
            "password: ‹hunter2› # mine\n",
            "x {password: ‹hunter2›, user: bob}",
            "x {password: ‹hunter2›}",
            "User(name='bob', password=‹hunter›)",
            "User{name=bob, password=‹hunter›}",
            "User{password=‹hunter2›, name=bob}",
            "X-Api-Key: x\r\nToken: ‹abc123›\r\n",
            "GET / HTTP/1.1\r\nX-Auth-Token: ‹abc123 def›\r\n",
            "2026-11-20 login ok token: ‹abc123› user: bob",
            "password=‹hunter2›\n",
            "PASSWORD = ‹hunter2›\n",
            "export DB_PASSWORD=‹hunter2› && run",
            "DB_PASSWORD:=‹hunter2›",
            "Server=a;User=b;Password=‹hunter›;Timeout=3",
            "redis:6379,password=‹hunter2,ssl=True›",
            "level=info password=‹hunter› user=bob",
            "run --password ‹hunter2› --user bob",
            "run --password=‹hunter› --user bob",
            "run -password ‹hunter2›",
            "<input type=text password=‹hunter2›>",
            "- name: DB_PASSWORD\n  value: ‹hunter2›\n",
            "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n‹hunter 2\"›\r\n--x--",
            "password: ‹hunter2›;\n",
            "password=‹pässwörd›&",
            "token: ‹eyJhbGciOiJIUzI1NiJ9.e30.abc›",
            "token = ‹abc=def==›",
            "password=‹$2a$10$N9qo8uLOickgx2ZMRZoMye›",
        ],
    );
}

#[test]
fn numbers_and_containers() {
    check_all(
        ValueShape::Number,
        Holds::Anything,
        &[
            r#"{"password":‹123456›}"#,
            r#"{"password": ‹123456›, "a": 1}"#,
            "{\"password\": ‹-12.5e+3›\n}",
            r#"{"a":"{\"password\":‹123456›}"}"#,
            "{'password': ‹123456›}",
            r#"{"password":‹123456"#,
        ],
    );
    check_all(
        ValueShape::Container,
        Holds::Anything,
        &[
            r#"{"password":‹{"current":"hunter2"}›}"#,
            r#"{"password": ‹["hunter2","hunter3"]›, "a":1}"#,
            r#"{"password":‹{"a":{"b":["}",{"c":"]\"}"}]}}›}"#,
            r#"{"credentials":‹{"user":"bob"›"#,
            r#"{"password":‹[12,34,56]›}"#,
            r#"{"password":‹[[["hunter2"]]]›}"#,
            "{'credentials': ‹{'user': \"it's\", 'b': '}'}›}",
            r#"{"a":"{\"credentials\":‹{\"user\":\"b\\\"}ob\"}›,\"b\":1}"}"#,
            r#"{"a":"{\"credentials\":‹{\"user\":\"bob›","b":1}"#,
            "{\"credentials\": ‹{\n    \"user\": \"bob\"\n  }›\n}",
        ],
    );
}

#[test]
fn elements() {
    check_all(
        ValueShape::Element,
        Holds::Anything,
        &[
            "<password>‹hunter2›</password>",
            "<a:password>‹hunter two›</a:password>",
            "<wsse:Password Type=\"http://x/#PasswordText\">‹hunter2›</wsse:Password>",
            "<password\n  a='>'>‹hunter2›</password>",
            "<password>\n  ‹hunter2\n›</password>",
            "<password>‹a&lt;b›</password>",
            "<password><![CDATA[‹a<b>]]x›]]></password>",
            "<entry key=\"password\">‹hunter2›</entry>",
            "<property><name>fs.s3a.password</name><value>‹hunter2›</value></property>",
            "<name>a.password</name>\n  <value>‹hunter2›</value>",
            "<key>password</key><string>‹hunter2›</string>",
        ],
    );
}

#[test]
fn credentials_behind_a_scheme() {
    check_all(
        ValueShape::Quoted,
        Holds::Scheme,
        &[
            r#"{"Authorization":"Bearer ‹abcdefgh1›"}"#,
            r#"{"Authorization":"Basic ‹YWxhZGRpbjpvcGVuc2VzYW1l›"}"#,
            r#"{"Authorization":"‹abcdefgh1›"}"#,
            r#"{"headers":"{\"authorization\":\"Bearer ‹abcdefgh1›\"}"}"#,
            r#"{"authorization":"Bearer <token>"}"#,
            r#"{"authorization":"Bearer ${TOKEN}"}"#,
            r#"{"authorization":"Bearer"}"#,
            r#"{"authorization":"Bearer token"}"#,
            r#"{"authorization":"required for all calls"}"#,
            r#"{"authorization":{"a":"b"}}"#,
        ],
    );
    check_all(
        ValueShape::Bare,
        Holds::Scheme,
        &[
            "Authorization: Bearer ‹abcdefgh1›\r\n",
            "Authorization: Bearer ‹abcdefgh›\n",
            "Authorization:  Token   ‹token=abc123›\n",
            "curl -H 'Authorization: Bearer ‹abcdefgh1›' https://a.test",
            "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=abc1\n",
            "Authorization: ‹eyJhbGciOiJIUzI1NiJ9.e30.abc›\n",
            "Authorization: required\n",
            "Authorization: Bearer $TOKEN\n",
            "Authorization: Bearer\n",
        ],
    );
}

#[test]
fn what_is_no_value() {
    check_all(ValueShape::Bare, Holds::Anything, NO_VALUES);
}

#[test]
fn what_is_no_value_is_none_in_a_string_of_json_either() {
    let strings = |text: &str| serde_json::to_string(&serde_json::json!({ "a": text })).unwrap();
    let mut nested: Vec<String> = NO_VALUES
        .iter()
        .filter(|text| text.starts_with('{') && text.contains("\"password"))
        .map(|text| text.to_string())
        .collect();
    for _ in 0..3 {
        nested = nested.iter().map(|text| strings(text)).collect();
        let cases: Vec<&str> = nested.iter().map(String::as_str).collect();
        check_all(ValueShape::Bare, Holds::Anything, &cases);
    }
}

const NO_VALUES: &[&str] = &[
    // Another name.
    r#"{"password_hint":"hunter2"}"#,
    r#"{"passwordHint":"hunter2"}"#,
    "password-hint: hunter2",
    "password-hint=4f1c9a6b2d8e7035",
    "the password hunter2 is known",
    "the password expires in 2026",
    "password.length = 12345",
    "passwords",
    "password1=hunter2",
    // Nothing there.
    r#"{"password":""}"#,
    r#"{"a":"{\"password\":\"\",\"b\":\"hunter2\"}"}"#,
    r#"{"a":"{\"password\":","b":"hunter22"}"#,
    r#"{"a":"\"password\":","hunter22":"b"}"#,
    r#"{"password":"abc"}"#,
    "password=&user=bob",
    "password=\nuser=hunter2",
    "password: \nuser: hunter2",
    "password:\n  user: hunter2",
    "<password></password>",
    "<password/>",
    "</password>hunter2</x>",
    "<password>\n  <child>hunter2</child>",
    "password = ''",
    "password",
    "password:",
    "password: '",
    "password=\"",
    // No secret.
    r#"{"password":null}"#,
    r#"{"password":true,"a":"hunter2"}"#,
    r#"{"password":"null"}"#,
    r#"{"password":0}"#,
    r#"{"password":12}"#,
    r#"{"password":1111}"#,
    r#"{"password":[]}"#,
    r#"{"password":{}}"#,
    r#"{"password":[null]}"#,
    r#"{"password":"string"}"#,
    r#"{"password":"Password"}"#,
    r#"{"password":{"type":"string"}}"#,
    r##"{"password":{"$ref":"#/a"}}"##,
    r#"{"password":["string","null"]}"#,
    r#"{"required":["password"]}"#,
    r#"{"required":["password","value"]}"#,
    "{'password': None}",
    "password: true\n",
    "PASSWORD=null",
    // Blotted out, or to be filled in.
    r#"{"password":"********"}"#,
    r#"{"password":"xxxx-xxxx"}"#,
    r#"{"password":"••••••••"}"#,
    r#"{"password":"abc***"}"#,
    r#"{"password":"[REDACTED]"}"#,
    r#"{"password":"[REDACTED:github-pat:1a2b3c4d]"}"#,
    "password=[REDACTED:password-field]&a",
    r#"{"password":"(hidden)"}"#,
    r#"{"password":"redacted"}"#,
    r#"{"password":"[MASKED by proxy 1]"}"#,
    r#"{"password":"<redacted>"}"#,
    r#"{"password":"<your password 1>"}"#,
    r#"{"password":"your-password-1"}"#,
    r#"{"password":"${DB_PASSWORD}"}"#,
    r#"{"password":"{{ password1 }}"}"#,
    r#"{"password":"pre-${x1}"}"#,
    r#"{"password":"{password}"}"#,
    r#"{"password":"$DB_PASSWORD1"}"#,
    r#"{"password":"%DB_PASSWORD1%"}"#,
    "password=\"$password1\"",
    "password=$PASSWORD1",
    "password=${PASSWORD1}",
    "password=$(cat /run/secret1)",
    "password={{password1}}",
    "password=<password1>",
    "password=%s",
    "password: %(password)s",
    "password: !vault |",
    "password: |\nhunter2",
    "password: |\n  DB_PASSWORD\n",
    "password: |\n  the password of user 1",
    "password: | hunter2\n  hunter2",
    "password: |++-\n  hunter2",
    "password: *default\n",
    "password = :password",
    "API_KEY=YOUR_API_KEY",
    "password: DB_PASSWORD\n",
    // Code and prose.
    "password = getPassword1()",
    "password = os.environ['X1']",
    "password: this.password,",
    "{password: e, user: t}",
    "{password: userPassword, user: t}",
    "password = value;",
    "password::new1",
    "password::<new1>::new1",
    "password.new1",
    "password?.new1",
    "password | new1",
    "password || new1",
    "password: string;",
    "f(\"password\", \"hunter2\")",
    r#"["password","x-some-header-sha256-more"]"#,
    r#"["password","a value of some 20 words"]"#,
    "password://hunter2",
    "if (password) { hunter2",
    "Password: must be at least 8 characters",
    "the password is hunter2",
    "password, \"hunter2\"",
    "--password --user1",
    "--password option",
    "usage: [--password] hunter2",
    r#"{"password":"Please enter your password"}"#,
    r#"{"password":"Mot de passe oublié ?"}"#,
    r#"{"password":"パスワード"}"#,
    "a <password> and a <user1>",
    "<password> hunter2",
];

#[test]
fn members_of_containers_speak_for_themselves_where_the_name_says_so() {
    check_all(
        ValueShape::Quoted,
        Holds::Scalar,
        &[
            r#"{"token":{"a":"hunter2"}}"#,
            r#"{"token":["hunter2"]}"#,
            r#"{"token":"‹hunter2›"}"#,
        ],
    );
}

#[test]
fn what_replaces_a_value_stands_between_the_right_quotes() {
    for (text, quote) in [
        (r#"{"password":123456}"#, (0, b'"')),
        (r#"{"password":["hunter2"]}"#, (0, b'"')),
        (r#"{"a":"{\"password\":123456}"}"#, (1, b'"')),
        ("{'password': 123456}", (0, b'\'')),
        (r#"password=hunter2"#, (0, 0)),
    ] {
        let at = text.find("password").unwrap();
        let mut assignment = Assignment::new(identifier(text.as_bytes(), at).1, Holds::Anything);
        let step = text
            .bytes()
            .skip(at + 8)
            .map(|byte| assignment.step(byte))
            .find(|step| *step == Step::Starts);
        assert_eq!(
            (step, assignment.quote()),
            (Some(Step::Starts), quote),
            "{text}"
        );
    }
}

#[test]
fn what_cannot_follow_a_name_fails_at_once() {
    for byte in 0..=u8::MAX {
        for before in [None, Some(b'"'), Some(b'<'), Some(b'['), Some(b'-')] {
            let step = Assignment::new(before, Holds::Anything).step(byte);
            assert!(
                Assignment::can_follow(byte) || step == Step::Fails,
                "{byte}"
            );
        }
    }
}

#[test]
fn a_uuid_is_told_from_a_name() {
    check_all(
        ValueShape::Quoted,
        Holds::Uuid,
        &[
            r#"{"token":"‹84896a0c-1347-aa90-a4f6-aca8b7558780›"}"#,
            r#"{"token":"arn-of-something-that-is-36-bytes-lo."}"#,
            r#"{"token":"hunter22"}"#,
            r#"{"token":"84896a0c-1347-aa90-a4f6-aca8b7558780-more"}"#,
        ],
    );
}

#[test]
fn identifiers_start_behind_escapes_and_dashes() {
    for (text, start, before) in [
        ("^", 0, None),
        ("\"^", 1, Some(b'"')),
        ("\"db_^", 1, Some(b'"')),
        ("a.b-c.^", 0, None),
        ("x --db-^", 4, Some(b'-')),
        ("x\\n^", 3, Some(b'\n')),
        ("x\\nnew^", 3, Some(b'\n')),
        ("x\\u0026^", 7, Some(b'&')),
        ("x%26^", 4, Some(b'&')),
        ("x%5B^", 4, Some(b'[')),
        ("a:\n  ^", 5, Some(b'\n')),
        ("a:\n  - ^", 7, Some(b'\n')),
        ("  ^", 2, Some(b'\n')),
        ("a  ^", 3, Some(b' ')),
        ("a\n^", 2, Some(b'\n')),
        ("<ns:^", 4, Some(b':')),
    ] {
        let name = text.find('^').unwrap();
        assert_eq!(identifier(text.as_bytes(), name), (start, before), "{text}");
    }
    assert_eq!(
        identifier("x".repeat(500).as_bytes(), 500).0,
        404,
        "looks no further back"
    );
}

/// A string as JSON has it, without its quotes.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inner.unwrap().to_owned()
}

/// A document with the value under `password`, put into JSON strings so many times.
fn nested(value: &serde_json::Value, levels: usize) -> String {
    let document = serde_json::json!({ "a": 1, "password": value, "z": ["b", {}] });
    (0..levels).fold(document.to_string(), |text, _| {
        serde_json::json!({ "x": text, "y": 2 }).to_string()
    })
}

/// The document with the value under `password` replaced, read again level by level.
fn replaced(document: &str, levels: usize) -> serde_json::Value {
    let at = document.find("password").unwrap();
    let (_, before) = identifier(document.as_bytes(), at);
    let mut assignment = Assignment::new(before, Holds::Anything);
    let (range, _) = walk(document.as_bytes(), at + 8, assignment).unwrap();
    for byte in document.bytes().take(range.end).skip(at + 8) {
        assignment.step(byte);
    }
    let quote = match assignment.shape() {
        ValueShape::Number | ValueShape::Container => {
            let (escapes, quote) = assignment.quote();
            format!("{}{}", "\\".repeat(usize::from(escapes)), char::from(quote))
        }
        _ => String::new(),
    };
    let mut text = document.to_owned();
    text.replace_range(range, &format!("{quote}[REDACTED]{quote}"));
    for _ in 0..levels {
        let outer: serde_json::Value = serde_json::from_str(&text).unwrap();
        text = outer["x"].as_str().unwrap().to_owned();
    }
    serde_json::from_str(&text).unwrap()
}

#[test]
fn what_replaces_a_value_leaves_json_valid() {
    for value in [
        serde_json::json!("hunter\"2\\"),
        serde_json::json!(123_456),
        serde_json::json!({ "a": "}\"\\", "b": [1, "]"] }),
        serde_json::json!(["hunter2", { "a": "\\\"" }]),
    ] {
        for levels in 0..4 {
            let document = replaced(&nested(&value, levels), levels);
            assert_eq!(
                document,
                serde_json::json!({ "a": 1, "password": "[REDACTED]", "z": ["b", {}] })
            );
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_break_a_promise(
        parts in prop::collection::vec(prop::sample::select(vec![
            "password", ": |\n  ", "\n  ", "\"", "'", "\\", "\\\"", ":", "=", " ", "\n", "\r\n\r\n", "{", "}", "[", "]", "<", ">", "</", ",", ";", "&", "%", "%3D", "%26", "-", "$", "(", "#", "*",
            "value", "name", "type", "Bearer", "a", "Z9", "hunter2", "\\u0026", "\\n", "é", "`", "![CDATA[", "]]>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbb", "0", "12345", "|", "::",
        ]), 0..24),
        before in prop::option::of(any::<u8>()),
        holds in prop::sample::select(vec![Holds::Anything, Holds::Scalar, Holds::Scheme, Holds::Uuid]),
    ) {
        walk(parts.concat().as_bytes(), 0, Assignment::new(before, holds));
    }

    #[test]
    fn a_string_of_json_is_found_to_the_byte(text in "[a-z]{2}[ -~é€\n\t\u{7}]{4,90}[0-9]{2}", levels in 0_usize..4) {
        prop_assume!(!text.contains("***") && !text.contains("...") && !text.contains('}'));
        prop_assume!(!text.starts_with("xx") && !text.starts_with("en"));
        let document = nested(&text.clone().into(), levels);
        let (found, shape) = value(&document, Holds::Anything).unwrap();
        prop_assert_eq!(shape, ValueShape::Quoted);
        let expected = (0..levels).fold(escaped(&text), |text, _| escaped(&text));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_container_of_json_is_found_to_the_byte(
        texts in prop::collection::vec("[ -~é\n]{0,20}", 1..6),
        levels in 0_usize..4,
    ) {
        let members: serde_json::Map<String, serde_json::Value> = texts
            .iter()
            .enumerate()
            .map(|(at, text)| (format!("k{at}{text}"), serde_json::json!([text, { "b": text }, at, null])))
            .collect();
        let members = serde_json::Value::Object(members);
        let document = nested(&members, levels);
        let (found, shape) = value(&document, Holds::Anything).unwrap();
        prop_assert_eq!(shape, ValueShape::Container);
        let expected = (0..levels).fold(members.to_string(), |text, _| escaped(&text));
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_field_of_a_form_is_found_to_the_byte(text in "[a-z]{2}[ -~é]{4,90}[0-9]{2}", after in "(&[a-z]{1,5}=[a-z]{0,5}){0,2}") {
        let encoded: String = text
            .bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        prop_assume!(!encoded.starts_with("xx"));
        let form = format!("user=bob&password={encoded}{after}");
        prop_assert_eq!(value(&form, Holds::Anything), Some((encoded.as_str(), ValueShape::Bare)));
    }
}
