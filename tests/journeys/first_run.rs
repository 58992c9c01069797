//! The first quarter of an hour: nothing is set up, then the sandbox, then a webhook's whole life.

use crate::support::*;

#[test]
fn a_webhook_from_its_first_day_to_its_return() {
    let mut env = TestEnv::new();
    env.unset("POSTMARK_API_URL").env("HOOK_PASSWORD", "s3cret");
    let pmhooks = |args: &str| env.run(format!("-p sandbox {args}"));

    env.run("list").code(3).has("hint: or try everything without one: `pmhooks -p sandbox list`");
    pmhooks("list").check(str![[r#"
ID       STREAM    URL                                           TRIGGERS                                    AUTH   STATUS
1234567  outbound  http://www.example.com/webhook-test-tracking  open, click, delivery, subscription-change  basic  verified
1234568  outbound  http://www.example.com/webhook-test-bounce    bounce                                      basic  verified
"#]]);
    pmhooks(
        "create --url https://hooks.example.com/pm --on bounce,spam-complaint \
         --username postmark --password env:HOOK_PASSWORD",
    )
    .check(str![[r#"
ID                  1234569
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            postmark : ********
Open                off
Click               off
Delivery            off
Bounce              on
SpamComplaint       on
SubscriptionChange  off
--- stderr
Created webhook 1234569.
"#]]);
    pmhooks("edit 1234569 --on click --include-content bounce --header X-Env:staging").check(str![
        [r#"
FIELD                           BEFORE  AFTER
HttpHeaders.X-Env               (none)  staging
Triggers.Click.Enabled          false   true
Triggers.Bounce.IncludeContent  false   true
--- stderr
Changed webhook 1234569:
"#]
    ]);
    pmhooks("get 1234569").check(str![[r#"
ID                  1234569
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            postmark : ********
HttpHeader          X-Env: staging
Open                off
Click               on
Delivery            off
Bounce              on, IncludeContent
SpamComplaint       on
SubscriptionChange  off
"#]]);
    pmhooks("delete 1234569").check(str![[r#"
--- stderr
pmhooks: error: the confirmation cannot be asked here (there is no terminal, or --no-input or CI is set)
  hint: give --yes
--- exit 2
"#]]);
    pmhooks("delete 1234569 --yes").check(str![[r#"
ID       DELETED  MESSAGE
1234569  yes      Webhook 1234569 removed.
--- stderr
About to delete webhook 1234569 of stream outbound: https://hooks.example.com/pm (click, bounce, spam-complaint)
Deleted webhook 1234569. Bring it back with: pmhooks -p sandbox create --from [HOME]/.local/state/pmhooks/deleted/sandbox-1234569-[TIME].json
"#]]);
    pmhooks("get 1234569").check(str![[r#"
--- stderr
pmhooks: error: cannot get webhook 1234569 of profile sandbox
  because Postmark refused (422, code 1352): The webhook for the provided 'ID' was not found.
  hint: see what is there: `pmhooks -p sandbox list`
--- exit 8
"#]]);

    let folder = env.state_dir().join("deleted");
    let backup = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    env.run(["-p", "sandbox", "create", "--from", backup.to_str().unwrap()]).check(str![[r#"
ID                  1234570
Url                 https://hooks.example.com/pm
MessageStream       outbound
Status              verified
HttpAuth            postmark : ********
HttpHeader          X-Env: staging
Open                off
Click               on
Delivery            off
Bounce              on, IncludeContent
SpamComplaint       on
SubscriptionChange  off
--- stderr
Created webhook 1234570.
"#]]);
    pmhooks("list -o ids").check(str![[r#"
1234567
1234568
1234570
"#]]);
}
