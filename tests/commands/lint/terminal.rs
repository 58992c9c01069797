//! What a person reads.

use super::*;

#[test]
fn a_person_gets_a_block_for_each_webhook_and_commands_in_one_piece() {
    let env = with_file(WRONG);
    let mut live = env.cmd("-p sandbox lint --color never").pty_sized(60, 70);
    live.expect("see pmhooks lint --explain PM001");
    live.finish().check(str![[r#"
1234567  outbound  http://www.example.com/webhook-test-track
ing
PM001  error: its URL is plain http: what is posted,
       credentials too, can be read on the way
       fix: `pmhooks -p sandbox edit 1234567 --url https://w
ww.example.com/webhook-test-tracking`
PM014  warning: open is on, but the server does not track
       opens: only messages that ask for it by themselves
       are
       fix: `pmhooks -p sandbox server edit --track-opens tr
ue`
PM015  warning: click is on, but the server tracks no
       links: only messages that ask for it by themselves
       are
       fix: `pmhooks -p sandbox server edit --track-links ht
ml-and-text`
PM020  warning: its HttpAuth password is short or well
       known, and the only thing that keeps others out
       fix: `pmhooks -p sandbox edit 1234567 --username user
 --password env:HOOK_PASSWORD`

1234568  outbound  http://www.example.com/webhook-test-bounc
e
PM001  error: its URL is plain http: what is posted,
       credentials too, can be read on the way
       fix: `pmhooks -p sandbox edit 1234568 --url https://w
ww.example.com/webhook-test-bounce`
PM020  warning: its HttpAuth password is short or well
       known, and the only thing that keeps others out
       fix: `pmhooks -p sandbox edit 1234568 --username user
 --password env:HOOK_PASSWORD`

stream outbound
PM007  warning: no webhook of stream outbound gets spam
       complaints: whoever complains is mailed again
       fix: `pmhooks -p sandbox edit 1234567 --on spam-compl
aint`

stream broadcast
PM008  info: stream broadcast has no webhook: nobody hears
       of its bounces
       fix: `pmhooks -p sandbox create --stream broadcast --
url https://HOST/PATH --on bounce,spam-complaint`
2 errors, 5 warnings, 1 info in 2 webhooks; see pmhooks lint
 --explain PM001
--- exit 1
"#]]);
    let mut file = env.cmd("lint hooks.yaml --color never -q").pty_sized(60, 70);
    file.expect("PM018");
    file.finish().check(str![[r#"
hooks.yaml
PM001  2:3 error: its URL is plain http: what is posted,
       credentials too, can be read on the way
       fix: write https://${HOOK_HOST}/inbound as
       InboundHookUrl
PM002  2:3 warning: nothing authenticates Postmark:
       whoever knows the URL can post events to it
       fix: put user:password@ into InboundHookUrl: it has
       no other place for them
PM016  3:3 warning: SMTP API errors are wanted, but they
       come to webhooks with a bounce trigger, and there
       is none
       fix: switch Bounce on in a webhook
PM006  5:5 warning: no webhook of stream outbound gets
       bounces: dead addresses go unnoticed
       fix: switch Bounce on in one of its webhooks
PM007  5:5 warning: no webhook of stream outbound gets
       spam complaints: whoever complains is mailed again
       fix: switch SpamComplaint on in one of its webhooks
PM004  9:5 error: its host is a tunnel (ngrok.io): it ends
       with somebody's session, and the name may go to
       somebody else
       fix: write https://HOST/PATH as Url
PM003  9:5 warning: its URL carries user:password@: URLs
       end up in logs and on screens
       fix: take them out of Url
PM021  9:10 warning: a secret stands here in clear:
       Webhooks.Url
       fix: write a reference such as ${HOOK_PASSWORD}
       there, and set it where apply runs
PM019  10:5 warning: it has both HttpAuth and credentials
       in its URL: which of them Postmark sends is not
       documented
       fix: take user:password@ out of Url
PM020  10:5 warning: its HttpAuth password is short or
       well known, and the only thing that keeps others
       out
       fix: give it a long random password:
       HttpAuth.Password: "${HOOK_PASSWORD}"
PM021  10:47 warning: a secret stands here in clear:
       Webhooks.HttpAuth.Password
       fix: write a reference such as ${HOOK_PASSWORD}
       there, and set it where apply runs
PM018  11:5 warning: it sets User-Agent, which Postmark
       sets itself
       fix: take User-Agent out of HttpHeaders
--- exit 1
"#]]);
}
