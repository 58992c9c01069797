//! `profile import`.

mod answers;

use crate::support::*;

const ACCOUNT: &str = "aaaaaaaa-0000-4000-8000-00000000000a";

fn token(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn server(id: usize, name: &str) -> Value {
    json!({"ID": id, "Name": name, "ApiTokens": [token(id)], "Color": "blue"})
}

fn page(total: usize, servers: &[Value]) -> Step {
    Step::answer(200, json!({"TotalCount": total, "Servers": servers}))
}

/// An account with these servers, and a home that holds its token.
fn account(servers: &[Value]) -> (Faulty, TestEnv) {
    let api = Faulty::always(page(servers.len(), servers));
    let env = with_account(&api);
    (api, env)
}

fn with_account(api: &Faulty) -> TestEnv {
    let mut env = TestEnv::new();
    env.api(api.url()).env("POSTMARK_ACCOUNT_TOKEN", ACCOUNT);
    env
}

#[test]
fn every_server_of_a_sandbox_becomes_a_profile_that_works() {
    let sandbox = Sandboxed::new("");
    let mut env = TestEnv::new();
    let url = sandbox.log.url();
    for (number, name) in [(1, "Shop"), (2, "Shop staging")] {
        let put = json!({ "Name": name }).to_string();
        let put = format!(
            "curl -sS -X PUT {url}/server -H 'X-Postmark-Server-Token: {}' -d '{put}' >/dev/null",
            token(number)
        );
        env.shell(&put).run().code(0);
    }
    env.env("MY_ACCOUNT", ACCOUNT).unset("POSTMARK_API_URL");
    let import = format!("profile import --token env:MY_ACCOUNT --api-url {url}");
    env.run(&import).check(str![[r#"
NAME          SERVER        SERVER-ID  RESULT
sandbox-1     Sandbox       1          added
shop          Shop          2          added
shop-staging  Shop staging  3          added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 3.
"#]]);
    env.run("list -p shop-staging -o json").check(str!["[]"]);
    let made = "create --url https://a.example.com/ --on bounce -p shop -o ids -q --yes";
    env.run(made).code(0);
    env.run("whoami -p shop --columns name,server,server-id,token").code(0);
    // Never both tokens in one request, and the account's only where it belongs.
    for request in sandbox.log.requests() {
        let tokens = ["X-Postmark-Account-Token", "X-Postmark-Server-Token"]
            .map(|name| request.header(name).is_some());
        let is_account = request.path.starts_with("/servers");
        assert_eq!(tokens, [is_account, !is_account], "{request}");
    }
    // Nothing is left to do, and nothing is done.
    let before = env.read(env.config_path());
    env.run(&import).check(str![[r#"
NAME          SERVER        SERVER-ID  RESULT
sandbox-1     Sandbox       1          kept
shop          Shop          2          kept
shop-staging  Shop staging  3          kept
--- stderr
Profiles: kept 3.
"#]]);
    assert_eq!(env.read(env.config_path()), before);
    assert!(!before.contains(ACCOUNT));
}

#[test]
fn twelve_hundred_servers_come_in_three_pages_and_are_kept_in_one_write() {
    let servers: Vec<_> = (1..=1200).map(|id| server(id, &format!("Server {id}"))).collect();
    let pages = servers.chunks(500).map(|chunk| page(1200, chunk));
    let api = Faulty::new(pages);
    let env = with_account(&api);
    let run = env.run("profile import -o json");
    let rows = run.code(0).json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 1200);
    assert_eq!(
        rows[1199],
        json!({"Name": "server-1200", "ServerID": 1200, "ServerName": "Server 1200", "Result": "Added", "Message": null})
    );
    assert_data_eq!(
        api.log(),
        str![[r#"
GET /servers?count=500&offset=0
GET /servers?count=500&offset=500
GET /servers?count=500&offset=1000
"#]]
    );
    let listed = env.run("profile list -o json").code(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 1200);
    assert!(!env.read(env.config_path()).contains("default_profile"));
    assert_data_eq!(
        env.tree(),
        str![[r#"
0700 .config/
0700 .config/pmhooks/
0600 .config/pmhooks/.config.toml.pmhooks-lock
0600 .config/pmhooks/config.toml

"#]]
    );
}

// torture 4
#[test]
fn on_a_terminal_the_token_is_typed_without_echo() {
    let (api, mut env) = account(&[server(7, "Shop")]);
    env.unset("POSTMARK_ACCOUNT_TOKEN");
    let mut terminal = env.pty("profile import");
    terminal.expect("Account token").wait_for_echo(false).send(ACCOUNT).key(Key::Enter);
    let end = terminal.finish();
    end.assert_restored().code(0).check(str![[r#"
Account token:
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 1.
The default profile is now shop, as there was none.
┌──────┬────────┬───────────┬────────┐
│ NAME ┆ SERVER ┆ SERVER-ID ┆ RESULT │
╞══════╪════════╪═══════════╪════════╡
│ shop ┆ Shop   ┆ 7         ┆ added  │
└──────┴────────┴───────────┴────────┘
"#]]);
    assert!(!end.output.contains(ACCOUNT), "{}", end.output);
    assert_eq!(api.requests()[0].header("X-Postmark-Account-Token"), Some(ACCOUNT));
    assert!(!env.read(env.config_path()).contains(ACCOUNT));
}

#[test]
fn the_token_comes_from_where_it_is_said_or_from_the_environment() {
    let (api, mut env) = account(&[]);
    env.env("POSTMARK_ACCOUNT_TOKEN", "from-the-environment").env("MINE", "from-mine");
    env.run("profile import").code(0);
    env.run("profile import --token env:MINE").code(0);
    env.cmd("profile import --token -").stdin("from-a-pipe\n").run().code(0);
    let sent: Vec<_> = api
        .requests()
        .iter()
        .map(|r| r.header("X-Postmark-Account-Token").unwrap().to_owned())
        .collect();
    assert_eq!(sent, ["from-the-environment", "from-mine", "from-a-pipe"]);

    // An empty one is a variable that did not arrive.
    env.env("POSTMARK_ACCOUNT_TOKEN", "");
    env.run("profile import").check(str![[r#"
--- stderr
pmhooks: error: the environment variable POSTMARK_ACCOUNT_TOKEN is set, but empty
--- exit 3
"#]]);
    env.env("POSTMARK_ACCOUNT_TOKEN", "two words");
    env.run("profile import").check(str![[r#"
--- stderr
pmhooks: error: cannot read the account token from env POSTMARK_ACCOUNT_TOKEN: it holds a space or a character that no token has
--- exit 2
"#]]);
    env.unset("POSTMARK_ACCOUNT_TOKEN");
    env.run("profile import").check(str![[r#"
--- stderr
pmhooks: error: the account token cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --token SOURCE (env:NAME, file:PATH or -), or POSTMARK_ACCOUNT_TOKEN
--- exit 2
"#]]);
    // torture 1
    env.run(["profile", "import", "--token", ACCOUNT]).code(2).lacks(ACCOUNT);
    assert_eq!(api.requests().len(), 3);
}

#[test]
fn a_dry_run_lists_and_keeps_nothing() {
    let (_api, env) = account(&[server(7, "Shop"), json!({"ID": 8, "Name": "Bare"})]);
    env.run("profile import --dry-run").check(str![[r#"
NAME    SERVER  SERVER-ID  RESULT
shop    Shop    7          added
(none)  Bare    8          skipped: it has no token
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Dry run: nothing was kept. This would be done:
"#]]);
    env.run("profile import --dry-run -o json").check(str![[r#"
[
  {
    "Name": "shop",
    "ServerID": 7,
    "ServerName": "Shop",
    "Result": "Added",
    "Message": null,
    "DryRun": true
  },
  {
    "Name": null,
    "ServerID": 8,
    "ServerName": "Bare",
    "Result": "Skipped",
    "Message": "it has no token",
    "DryRun": true
  }
]
"#]]);
    assert_eq!(env.tree(), "");
}

#[test]
fn a_pattern_chooses_and_the_others_are_counted() {
    let names = ["Shop production", "Shop staging", "Blog production"];
    let servers: Vec<_> = names.iter().zip(1..).map(|(name, id)| server(id, name)).collect();
    let (_api, env) = account(&servers);
    let run = env.run(["profile", "import", "--name", "*PRODUCTION", "--protected", "-o", "ids"]);
    run.check(str![[r#"
shop-production
blog-production
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
1 other server has a name that --name leaves out.
Profiles: added 2.
"#]]);
    env.run(["profile", "import", "--name", "shop"]).check(str![[r#"
NAME  SERVER  SERVER-ID  RESULT
--- stderr
3 other servers have a name that --name leaves out.
No server has such a name.
"#]]);
    env.run(["profile", "import", "--name", ""]).code(2);
    assert_data_eq!(
        env.read_config(),
        str![[r#"
[profiles.shop-production]
server_token = "00000000-0000-4000-8000-000000000001"
server_id = 1
server_name = "Shop production"
protected = true
api_url = "http://127.0.0.1:[PORT]"

[profiles.blog-production]
server_token = "00000000-0000-4000-8000-000000000003"
server_id = 3
server_name = "Blog production"
protected = true
api_url = "http://127.0.0.1:[PORT]"

"#]]
    );
}

#[test]
fn a_single_server_in_an_empty_configuration_becomes_the_default() {
    let (_api, env) = account(&[server(7, "Shop")]);
    env.run("profile import --read-only").check(str![[r#"
NAME  SERVER  SERVER-ID  RESULT
shop  Shop    7          added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 1.
The default profile is now shop, as there was none.
"#]]);
    assert_data_eq!(
        env.read_config(),
        str![[r#"
default_profile = "shop"

[profiles.shop]
server_token = "00000000-0000-4000-8000-000000000007"
server_id = 7
server_name = "Shop"
read_only = true
api_url = "http://127.0.0.1:[PORT]"

"#]]
    );
}

// torture 27
#[test]
fn whatever_a_server_is_called_its_profile_has_a_harmless_name_of_its_own() {
    let names = [
        "../../etc/passwd",
        "",
        "   ",
        "sandbox",
        "Shop \u{1b}[31m& \u{202e}Co.\n[profiles.evil]",
        "shop-co",
        "Shop Co",
        "Ünïcödé",
        "日本語",
        "-rf",
        "default",
        "a\"b = ''' #",
        "com1.",
    ];
    let mut servers: Vec<_> = names.iter().zip(1..).map(|(name, id)| server(id, name)).collect();
    servers.push(server(90, &"x".repeat(1000)));
    servers.push(server(91, &"X".repeat(1000)));
    let (_api, env) = account(&servers);
    let run = env.run("profile import --columns name,server-id,result");
    run.check(str![[r#"
NAME                                                              SERVER-ID  RESULT
etc-passwd                                                        1          added
server-2                                                          2          added
server-3                                                          3          added
sandbox-4                                                         4          added
shop-31m-co.profiles.evil                                         5          added
shop-co                                                           6          added
shop-co-7                                                         7          added
unicode                                                           8          added
server-9                                                          9          added
rf                                                                10         added
default                                                           11         added
a-b                                                               12         added
com1                                                              13         added
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  90         added
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-91  91         added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 15.
"#]]);
    let listed = env.run("profile list -o json").code(0).json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), servers.len());
    for (profile, server) in listed.iter().zip(&servers) {
        assert_eq!(profile["ServerName"], server["Name"]);
        assert_eq!(profile["Problem"], Value::Null);
    }
    // A second run finds each by its server, however it is called, and in whatever order.
    let before = env.read(env.config_path());
    let again = env.run("profile import -o json").code(0).json();
    assert!(again.as_array().unwrap().iter().all(|row| row["Result"] == "Kept"));
    assert_eq!(env.read(env.config_path()), before);
    let shown = env.run("profile import --columns server");
    shown.code(0).lacks("\u{1b}").lacks("\u{202e}");
}

#[test]
fn profiles_that_are_there_are_never_overwritten() {
    let servers = ["Shop", "Blog", "News", "Wiki", "Forum", "Mail"];
    let servers: Vec<_> = servers.iter().zip(1..).map(|(name, id)| server(id, name)).collect();
    let (api, env) = account(&servers);
    let port = api.address().port();
    let before = format!(
        r#"# mine
default_profile = "shop"

[profiles.shop]                  # another server's
server_token = "other"
server_id = 4711

[profiles.Old-Blog]
server_token = "{blog}"          # still good
server_id = 2
protected = true

[profiles.news]
server_token = "gone"            # opens nothing any more
server_id = 3
vars = {{ HOST = "a.example.com" }}

[profiles.by-env]
server_token_env = "WIKI"
server_id = 4

[profiles.unpinned]
server_token = "{forum}"

[profiles.elsewhere]
server_token = "x"
server_id = 6
api_url = "http://127.0.0.1:1"

[profiles.broken]
server_id = "six"
"#,
        blog = token(2).to_uppercase(),
        forum = token(5),
    );
    env.config_at(api.url(), &before);
    env.run("profile import").check(str![[r#"
NAME      SERVER  SERVER-ID  RESULT
shop-1    Shop    1          added
Old-Blog  Blog    2          kept
news      News    3          updated: the server no longer knew its token
by-env    Wiki    4          kept
unpinned  Forum   5          kept
mail      Mail    6          added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 2, updated 1, kept 3.
"#]]);
    let after = env.read(env.config_path()).replace(&port.to_string(), "[PORT]");
    assert_data_eq!(
        after,
        str![[r##"
# mine
default_profile = "shop"

[profiles.shop]                  # another server's
server_token = "other"
server_id = 4711

api_url = "http://127.0.0.1:[PORT]"
[profiles.Old-Blog]
server_token = "00000000-0000-4000-8000-000000000002"          # still good
server_id = 2
protected = true

api_url = "http://127.0.0.1:[PORT]"
[profiles.news]
server_token = "00000000-0000-4000-8000-000000000003"            # opens nothing any more
server_id = 3
vars = { HOST = "a.example.com" }

api_url = "http://127.0.0.1:[PORT]"
server_name = "News"
[profiles.by-env]
server_token_env = "WIKI"
server_id = 4

api_url = "http://127.0.0.1:[PORT]"
[profiles.unpinned]
server_token = "00000000-0000-4000-8000-000000000005"

api_url = "http://127.0.0.1:[PORT]"
[profiles.elsewhere]
server_token = "x"
server_id = 6
api_url = "http://127.0.0.1:1"

[profiles.broken]
server_id = "six"
api_url = "http://127.0.0.1:[PORT]"

[profiles.shop-1]
server_token = "00000000-0000-4000-8000-000000000001"
server_id = 1
server_name = "Shop"
api_url = "http://127.0.0.1:[PORT]"

[profiles.mail]
server_token = "00000000-0000-4000-8000-000000000006"
server_id = 6
server_name = "Mail"
api_url = "http://127.0.0.1:[PORT]"

"##]]
    );
    let second = env.run("profile import -o json").code(0).json();
    assert!(second.as_array().unwrap().iter().all(|row| row["Result"] == "Kept"), "{second}");
}

#[test]
fn one_that_joins_others_is_not_the_default() {
    let (_api, env) = account(&[server(7, "Shop")]);
    env.config("[profiles.mine]\nserver_token = \"x\"\n");
    env.run("profile import").check(str![[r#"
NAME  SERVER  SERVER-ID  RESULT
shop  Shop    7          added
--- stderr
The API address http://127.0.0.1:[PORT] is stored in each new profile.
Profiles: added 1.
"#]]);
    assert!(!env.read(env.config_path()).contains("default_profile"));
}

#[test]
fn a_profile_is_not_what_it_imports_from() {
    let (_api, env) = account(&[]);
    env.run("-p sandbox profile import").check(str![[r#"
--- stderr
pmhooks: error: an import is of an account, so it takes no --profile
  hint: a sandbox is imported from with --api-url URL
--- exit 2
"#]]);
    env.run("profile import").code(0);
}

#[test]
fn a_configuration_that_could_not_be_read_again_is_not_written() {
    // torture 52
    let long = "x".repeat(1000);
    let servers: Vec<_> = (1..=4500).map(|id| server(id, &long)).collect();
    let api = Faulty::new(servers.chunks(500).map(|chunk| page(4500, chunk)));
    let env = with_account(&api);
    env.config("[profiles.mine]\nserver_token = \"x\"\n");
    env.run("profile import -q").check(str![[r#"
--- stderr
pmhooks: error: no profile was kept in [HOME]/.config/pmhooks/config.toml
  because the configuration would be larger than 4194304 bytes
--- exit 2
"#]]);
    assert_eq!(env.read(env.config_path()), "[profiles.mine]\nserver_token = \"x\"\n");
}
