//! The rules in the order of their IDs. An ID is never reused.

use super::{Check, Rule, Scope, coverage, credentials, urls};
use crate::ops::finding::Level;

pub(crate) static RULES: [Rule; 21] = [
    Rule {
        id: "PM001",
        level: Level::Error,
        name: "plain-http",
        finds: "a URL that is plain http",
        why: "Over http everybody on the way reads the addresses of your recipients and the \
              credentials that the webhook sends, and can change what is posted. Postmark accepts such \
              URLs and advises against them. Give the endpoint a certificate and the webhook an https \
              URL.",
        scope: Scope::Anywhere,
        key: "Url",
        check: Check::Url(urls::plain_http),
    },
    Rule {
        id: "PM002",
        level: Level::Warning,
        name: "no-authentication",
        finds: "nothing that authenticates Postmark",
        why: "Postmark signs nothing, so an endpoint can know it only by a secret that the webhook \
              carries. As one counts: HttpAuth, user:password@ in the URL, a query value whose key \
              looks secret, a header whose name looks secret or whose value looks random. Without any, \
              whoever finds the URL can report bounces that never happened. Give the webhook HttpAuth \
              and have the endpoint check it; `pmhooks test --check-auth` tries it.",
        scope: Scope::Anywhere,
        key: "Url",
        check: Check::Url(credentials::no_authentication),
    },
    Rule {
        id: "PM003",
        level: Level::Warning,
        name: "credentials-in-url",
        finds: "credentials in the URL: user:password@ or a secret query value",
        why: "URLs are written into access logs, shown on screens and pasted into tickets; HttpAuth \
              and headers are not. Move the secret there and change it, for the old one has been seen. \
              Inbound mail has no other place for credentials, so InboundHookUrl is not looked at.",
        scope: Scope::Anywhere,
        key: "Url",
        check: Check::Webhook(urls::credentials_in_url),
    },
    Rule {
        id: "PM004",
        level: Level::Error,
        name: "not-public",
        finds: "a host that is local, private, a tunnel or a request bin",
        why: "A loopback or private address, a name without a dot, or one such as .local or .internal \
              cannot be reached by Postmark: every event is lost after its retries. A tunnel (ngrok, \
              trycloudflare, ...) ends with a session, and its name may be given to somebody else, who \
              then reads your events. A request bin (webhook.site, ...) shows them to whoever has the \
              link. Good for an afternoon; delete the webhook afterwards.",
        scope: Scope::Anywhere,
        key: "Url",
        check: Check::Url(urls::not_public),
    },
    Rule {
        id: "PM005",
        level: Level::Warning,
        name: "duplicate-trigger",
        finds: "two webhooks that post the same event of a stream to the same URL",
        why: "Postmark takes several webhooks with one URL and posts each event once per webhook. \
              Receivers that count then count twice. Switch the trigger off in one of them, or delete \
              that one. In a manifest this is a fault of the file, so no other command takes it \
              either.",
        scope: Scope::Anywhere,
        key: "Triggers",
        check: Check::All(coverage::duplicates),
    },
    Rule {
        id: "PM006",
        level: Level::Warning,
        name: "no-bounces",
        finds: "a stream whose webhooks get no bounces",
        why: "Who does not hear of bounces goes on sending to dead addresses. Webhooks are per stream: \
              one for outbound says nothing about broadcast. Streams without any webhook are PM008's.",
        scope: Scope::Anywhere,
        key: "Triggers",
        check: Check::All(coverage::no_bounces),
    },
    Rule {
        id: "PM007",
        level: Level::Warning,
        name: "no-spam-complaints",
        finds: "a stream whose webhooks get no spam complaints",
        why: "Postmark stops mail to an address that complained, but your own systems learn of it only \
              by this event, and may mail it from elsewhere. Streams without any webhook are PM008's.",
        scope: Scope::Anywhere,
        key: "Triggers",
        check: Check::All(coverage::no_complaints),
    },
    Rule {
        id: "PM008",
        level: Level::Info,
        name: "no-webhook",
        finds: "a stream without any webhook",
        why: "Every server begins with a stream for broadcasts, and its webhooks are easily forgotten \
              when mail begins to be sent by it. Fine where the stream is not used: then --ignore \
              PM008. Inbound and archived streams do not count.",
        scope: Scope::Server,
        key: "Triggers",
        check: Check::All(coverage::no_webhook),
    },
    Rule {
        id: "PM009",
        level: Level::Warning,
        name: "silent",
        finds: "a webhook without any trigger on",
        why: "It is never posted to, and counts against the limit of webhooks per stream. Switch a \
              trigger on, or delete it.",
        scope: Scope::Anywhere,
        key: "Triggers",
        check: Check::Webhook(coverage::no_triggers),
    },
    Rule {
        id: "PM010",
        level: Level::Error,
        name: "unverified",
        finds: "a webhook that Postmark has not verified",
        why: "Since August 2026 Postmark posts nothing to a webhook until its endpoint has answered a \
              probe with exactly 200. Events until then are lost. `pmhooks test` shows what the \
              endpoint answers, `pmhooks verify` has it probed again. Single triggers that were paused \
              later are told by `pmhooks health`.",
        scope: Scope::Server,
        key: "Url",
        check: Check::Webhook(coverage::unverified),
    },
    Rule {
        id: "PM011",
        level: Level::Info,
        name: "content",
        finds: "IncludeContent on: events that carry whole messages",
        why: "With IncludeContent a bounce or complaint event carries the message: names, addresses, \
              reset links, in your endpoint and in every log on its way. It also makes for large \
              bodies. Switch it off where nobody reads it.",
        scope: Scope::Anywhere,
        key: "Triggers",
        check: Check::Webhook(coverage::content),
    },
    Rule {
        id: "PM012",
        level: Level::Warning,
        name: "limit",
        finds: "a stream with 8 or more of its 10 webhooks",
        why: "A stream takes ten webhooks; the eleventh is refused with code 1359, in the middle of a \
              deployment for instance. Webhooks for several events of one URL can be one webhook.",
        scope: Scope::Anywhere,
        key: "Url",
        check: Check::All(coverage::limit),
    },
    Rule {
        id: "PM013",
        level: Level::Warning,
        name: "legacy-hook",
        finds: "an old hook URL of the server beside a webhook for the same event",
        why: "BounceHookUrl, OpenHookUrl, DeliveryHookUrl and ClickHookUrl are from before the \
              Webhooks API. Where one is set and a webhook has the same event on, both are posted to, \
              and what counts events counts twice. Empty the old one.",
        scope: Scope::Server,
        key: "Url",
        check: Check::All(coverage::legacy),
    },
    Rule {
        id: "PM014",
        level: Level::Warning,
        name: "opens-not-tracked",
        finds: "an open trigger on a server that does not track opens",
        why: "An Open event needs TrackOpens, of the server or of the single message. If your messages \
              ask for it by themselves (TrackOpens in the send), all is well: --ignore PM014.",
        scope: Scope::Server,
        key: "Triggers",
        check: Check::Webhook(coverage::opens),
    },
    Rule {
        id: "PM015",
        level: Level::Warning,
        name: "clicks-not-tracked",
        finds: "a click trigger on a server that tracks no links",
        why: "A Click event needs TrackLinks, of the server or of the single message. If your messages \
              ask for it by themselves (TrackLinks in the send), all is well: --ignore PM015.",
        scope: Scope::Server,
        key: "Triggers",
        check: Check::Webhook(coverage::clicks),
    },
    Rule {
        id: "PM016",
        level: Level::Warning,
        name: "smtp-errors-unheard",
        finds: "SMTP API errors wanted, and no bounce trigger anywhere",
        why: "With EnableSmtpApiErrorHooks the server posts SMTP API errors as bounce events, so to \
              webhooks with a bounce trigger. Where there is none they go nowhere. Not looked at with \
              --stream.",
        scope: Scope::Whole,
        key: "Triggers",
        check: Check::All(coverage::smtp_errors),
    },
    Rule {
        id: "PM017",
        level: Level::Warning,
        name: "shared-secret",
        finds: "one secret in the webhooks of two profiles",
        why: "Whoever reads the secret on staging can post to production. It is found where several \
              profiles are looked at together (--profile a,b or --all-profiles), at each profile but \
              the first; the values are compared and never shown. HttpAuth passwords, secret headers \
              and secrets in URLs count.",
        scope: Scope::Servers,
        key: "HttpAuth",
        check: Check::Servers(credentials::shared),
    },
    Rule {
        id: "PM018",
        level: Level::Warning,
        name: "overridden-header",
        finds: "a header that overrides one which Postmark sets",
        why: "Postmark sets User-Agent, Content-Type, X-PM-Webhook-Trace-Id and the like itself, and \
              Authorization from HttpAuth or the URL. What happens where a webhook sets the same is \
              not documented: the endpoint may get either or both, and lose the trace or the retry \
              count. Call yours something else.",
        scope: Scope::Anywhere,
        key: "HttpHeaders",
        check: Check::Webhook(credentials::overridden),
    },
    Rule {
        id: "PM019",
        level: Level::Warning,
        name: "two-credentials",
        finds: "both HttpAuth and user:password@ in the URL",
        why: "Only one can be the Authorization header, and which one Postmark sends is not \
              documented. If the endpoint wants the other, every event is answered 401 and lost at \
              once. Keep HttpAuth.",
        scope: Scope::Anywhere,
        key: "HttpAuth",
        check: Check::Webhook(urls::two_credentials),
    },
    Rule {
        id: "PM020",
        level: Level::Warning,
        name: "weak-password",
        finds: "an HttpAuth password that is short or well known",
        why: "The password is all that keeps others from posting events. Fewer than eight characters, \
              the user name again, or a word such as changeme are guessed. Nobody has to type it, so \
              let a machine make it: `openssl rand -hex 24`.",
        scope: Scope::Anywhere,
        key: "HttpAuth",
        check: Check::Webhook(credentials::weak),
    },
    Rule {
        id: "PM021",
        level: Level::Warning,
        name: "literal-secret",
        finds: "a secret in clear in a manifest",
        why: "Manifests are kept in version control, and what was there once can be read for ever. \
              Write a reference such as ${HOOK_PASSWORD}; it comes from --var, the profile's vars or \
              the environment when the manifest is applied. Then change the secret.",
        scope: Scope::Manifest,
        key: "Url",
        check: Check::All(credentials::literals),
    },
];
