//! What a command works with: the terminal, the server, the guards in front of a write.

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::Arc;

use super::{batch, webhooks};
use crate::commands::options::Confirm;
use crate::commands::options::webhook::{AuthArgs, HeaderArgs};
use crate::config::env::Environment;
use crate::config::profile::ProfileName;
use crate::config::references::Var;
use crate::config::resolve::{Profiles, Wanted, places};
use crate::config::source::SecretSource;
use crate::config::{ConfigError, secret};
use crate::error::{CommandError, Exit, Hint, Invocation, Result, ResultExt as _, TargetOptions};
use crate::http::client::{HttpClient, ProxyVariables};
use crate::ops::guard::{self, GuardError, Guards, Need};
use crate::ops::session::{Session, SessionError};
use crate::postmark::{HttpAuth, HttpHeader, Limits, Reveal, Secret, Webhook, WebhookId, Writer};
use crate::term::{Report, Ui};

/// What a command works with.
pub struct Context {
    /// The terminal.
    pub ui: Arc<Ui>,
    /// The environment as it was at the start.
    pub environment: Environment,
    /// What the command line says about the target.
    pub wanted: Wanted,
    /// What one call may take.
    pub limits: Limits,
    /// Timeout per event, if one was given with `--timeout`.
    pub event_timeout: Option<std::time::Duration>,
    /// The sender of requests.
    pub net: Arc<HttpClient>,
    /// How this program is called for the same target again.
    pub target_options: TargetOptions,
    /// `--yes`.
    pub yes: bool,
    /// Nobody may be asked: `--no-input`, or `CI` is set.
    pub no_input: bool,
    /// The server, once a command has asked for it.
    pub session: OnceCell<Session>,
    /// Guards of the server, once a write has asked for them.
    pub guards: OnceCell<Guards>,
    /// Standard input has been read as a secret or a file: it cannot be read again.
    pub stdin_is_used: Cell<bool>,
}

impl Context {
    /// The server that this run talks to. Opened on first use: a command that needs none reads no
    /// configuration and fetches no token.
    pub fn session(&self) -> Result<&Session> {
        if let Some(session) = self.session.get() {
            return Ok(session);
        }
        let net = Arc::clone(&self.net);
        let session = Session::open(&self.wanted, &self.environment, net, self.limits)?;
        session.target.warnings.iter().for_each(|warning| self.ui.warn(warning));
        session.target.notes.iter().for_each(|note| self.ui.note(note));
        Ok(self.session.get_or_init(|| session))
    }

    /// A context for each profile that this run is for, its server open; nothing where it is for one.
    pub fn apart(&self) -> Result<Option<Vec<Self>>> {
        let Some(places) = places(&self.wanted, &self.environment)? else { return Ok(None) };
        places.warnings.iter().for_each(|warning| self.ui.warn(warning));
        places.notes.iter().for_each(|note| self.ui.note(note));
        let opened = places.places.into_iter().map(|place| {
            let opened = place.target.map_err(SessionError::from).and_then(|target| {
                Session::at(target, &self.environment, Arc::clone(&self.net), self.limits)
            });
            (place.name, opened.map(|session| self.of(session)).map_err(CommandError::from))
        });
        batch::all_or_nothing(opened, "used").map(Some)
    }

    /// The same for one profile of several.
    fn of(&self, session: Session) -> Self {
        let profiles = session.target.name().map_or(Profiles::Unnamed, Profiles::One);
        Self {
            ui: Arc::clone(&self.ui),
            environment: self.environment.clone(),
            wanted: Wanted { profiles, ..self.wanted.clone() },
            limits: self.limits,
            event_timeout: self.event_timeout,
            net: Arc::clone(&self.net),
            target_options: self.target_options.clone(),
            yes: self.yes,
            no_input: self.no_input,
            session: OnceCell::from(session),
            guards: OnceCell::new(),
            stdin_is_used: self.stdin_is_used.clone(),
        }
    }

    /// Adds the source of the token or of the address to an error that is about it.
    pub fn explain(&self, error: CommandError) -> CommandError {
        match self.session.get() {
            Some(session) => batch::with_origin(error, &session.target),
            None => error,
        }
    }

    /// Refuses a format, a column or a key that the report does not have, before anything is sent.
    pub fn check<R: Report>(&self) -> Result<()> {
        self.ui.check::<R>().map_err(CommandError::usage)
    }

    /// Prints a report; the end of a command that succeeded.
    pub fn show<R: Report>(&self, report: &R) -> Result<Exit> {
        self.show_run(report, false)
    }

    /// [`Context::show`] for a run that may be a dry run.
    pub fn show_run<R: Report>(&self, report: &R, is_dry: bool) -> Result<Exit> {
        match self.ui.show_run(report, is_dry) {
            // A closed pipe is not an error: the findings still decide how the run ends.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
            shown => shown.map(|()| Exit::Done).context("cannot write to standard output"),
        }
    }

    /// Whether `--show-secrets` was given.
    pub fn reveal(&self) -> Reveal {
        self.ui.settings.reveal
    }

    /// Reads the secret that a flag points at; a source that cannot be read is a usage error.
    pub fn read_secret(&self, source: &SecretSource, what: &str) -> Result<Secret> {
        if *source == SecretSource::Stdin {
            self.use_stdin()?;
        }
        secret::read(source, what, &self.environment, &mut io::stdin().lock()).map_err(|error| {
            match error {
                ConfigError::Unreadable { .. } => CommandError::usage(error.to_string()),
                other => other.into(),
            }
        })
    }

    /// The password that goes with `--username`: from its source, or typed without echo.
    pub fn password(&self, auth: &AuthArgs) -> Result<Secret> {
        match &auth.password {
            Some(source) => self.read_secret(source, "the password"),
            None => Ok(self
                .ui
                .secret("the password", "--password SOURCE (env:NAME, file:PATH or -)")?),
        }
    }

    /// The credentials that flags describe, if any.
    pub fn http_auth(&self, auth: &AuthArgs) -> Result<Option<HttpAuth>> {
        match (&auth.username, &auth.password) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(CommandError::usage("--password needs --username")),
            (Some(username), _) => {
                Ok(Some(HttpAuth { username: username.clone(), password: self.password(auth)? }))
            }
        }
    }

    /// The headers that flags name, the secret ones read from their sources.
    pub fn headers(&self, given: &HeaderArgs) -> Result<Vec<HttpHeader>> {
        let mut headers: Vec<_> = given.header.iter().map(|h| h.0.clone()).collect();
        for header in &given.secret_header {
            let value = self.read_secret(&header.source, &format!("the header {}", header.name))?;
            HttpHeader::check(&header.name, value.expose()).map_err(CommandError::usage)?;
            let secret = HttpHeader { name: header.name.clone(), value };
            if !secret.is_secret() {
                let name = &secret.name;
                self.ui.warn(&format!(
                    "the name {name} does not look secret: later runs will show its value; \
                     name it {name}-Secret"
                ));
            }
            headers.push(secret);
        }
        let mut names = std::collections::HashSet::new();
        match headers.iter().find(|h| !names.insert(h.name.to_ascii_lowercase())) {
            Some(twice) => {
                Err(CommandError::usage(format!("the header {} is given twice", twice.name)))
            }
            None => Ok(headers),
        }
    }

    /// The values that `--var` gives; one without a value is refused.
    pub fn vars(&self, given: &[Var]) -> Result<Vec<(String, String)>> {
        let value = |var: &Var| {
            let value = var.resolve(&self.environment);
            let value = value.map_err(|error| CommandError::usage(error.to_string()))?;
            Ok((var.name.clone(), value))
        };
        given.iter().map(value).collect()
    }

    /// Standard input can be meant for one thing only.
    pub fn use_stdin(&self) -> Result<()> {
        if self.stdin_is_used.replace(true) {
            return Err(CommandError::stdin_named_twice());
        }
        Ok(())
    }

    /// Checks that a write could be confirmed at all, before anything is sent.
    pub fn can_confirm(&self, confirm: &Confirm) -> Result<()> {
        self.may_write(confirm)?;
        if self.yes || confirm.dry_run || !confirm.confirm.is_empty() {
            return Ok(());
        }
        Ok(self.ui.must_ask("the confirmation", "--yes")?)
    }

    /// Checks that the profile allows a write, and that its name could be asked for. Sends nothing. A dry
    /// run passes.
    pub fn may_write(&self, confirm: &Confirm) -> Result<()> {
        if confirm.dry_run {
            return Ok(());
        }
        let session = self.session()?;
        match guard::precheck(session, &confirm.confirm, &self.wanted, &self.environment)? {
            Need::Name(name) => {
                let asked = "the name of the protected profile";
                Ok(self.ui.must_ask(asked, format!("--confirm {name}"))?)
            }
            Need::Nothing => Ok(()),
        }
    }

    /// Guards of the server, looked up once.
    pub fn guards(&self) -> Result<&Guards> {
        if let Some(guards) = self.guards.get() {
            return Ok(guards);
        }
        let guards = self.guards_of(self.session()?)?;
        Ok(self.guards.get_or_init(|| guards))
    }

    fn guards_of(&self, session: &Session) -> Result<Guards> {
        Guards::of(session, &self.wanted, &self.environment).map_err(|error| {
            let is_unknown = matches!(error, GuardError::Api(_));
            let error = CommandError::from(error);
            if is_unknown {
                error.context("cannot check which server this would be written to")
            } else {
                error
            }
        })
    }

    /// Opens the server for a write, after its guards and the user agree. A dry run gets nothing.
    ///
    /// `question` is asked where the write needs a confirmation, no name is due and `--yes` is not given.
    pub fn authorize(&self, confirm: &Confirm, question: Option<&str>) -> Result<Option<Writer>> {
        if confirm.dry_run {
            return Ok(None);
        }
        self.write(&confirm.confirm, question).map(Some)
    }

    /// [`Context::authorize`] for a command that has no dry run.
    pub fn write(&self, confirmed: &[ProfileName], question: Option<&str>) -> Result<Writer> {
        self.confirmed(self.session()?, self.guards()?, confirmed, question)
    }

    /// [`Context::authorize`] without a question, for a session of the caller's.
    pub fn authorize_session(
        &self,
        session: &Session,
        confirmed: &[ProfileName],
    ) -> Result<Writer> {
        self.confirmed(session, &self.guards_of(session)?, confirmed, None)
    }

    fn confirmed(
        &self,
        session: &Session,
        guards: &Guards,
        confirmed: &[ProfileName],
        question: Option<&str>,
    ) -> Result<Writer> {
        let mut confirmed = confirmed.to_vec();
        match (guards.need(&confirmed)?, question) {
            (Need::Name(name), _) => {
                let typed = self.type_name(&name)?;
                confirmed.extend(typed.parse().ok().filter(|typed| guards.is_confirmed_by(typed)));
                if guards.need(&confirmed)? != Need::Nothing {
                    let message = "nothing was done: that is not its name";
                    return Err(CommandError::new(Exit::Interrupted, message));
                }
            }
            (Need::Nothing, Some(question)) if !self.yes && confirmed.is_empty() => {
                self.ui.confirm(question, "--yes")?;
            }
            (Need::Nothing, _) => {}
        }
        Ok(guards.writer(session, &confirmed)?)
    }

    fn type_name(&self, name: &ProfileName) -> Result<String> {
        self.ui.note(&format!("Profile {name} is protected: type its name to go on."));
        let asked = "the name of the protected profile";
        let typed = self.ui.input(asked, format!("--confirm {name}"), |_| Ok(()))?;
        Ok(typed.trim().to_owned())
    }

    /// Says that a webhook gets nothing yet, and what changes that.
    pub fn warn_unverified(&self, id: WebhookId) {
        let verify = Invocation::new("verify").arg(id).render(&self.target_options);
        self.ui.warn(&format!(
            "the webhook is not verified: it gets no events until it is; have it probed with `{verify}`"
        ));
    }

    /// The webhooks of the server, for the user to pick one.
    pub fn pick(&self, question: &'static str) -> Result<WebhookId> {
        self.ui.must_ask("the webhook's ID", webhook_id())?;
        let webhooks = self.session()?.client.list(None).context("cannot list the webhooks")?;
        if webhooks.is_empty() {
            return Err(CommandError::new(Exit::NotFound, "there are no webhooks to choose from"));
        }
        let line = |w: &Webhook| {
            let triggers = webhooks::triggers_text(w);
            format!("{}  {}  {}  ({triggers})", w.id, w.message_stream, w.url.masked())
        };
        let items: Vec<_> = webhooks.iter().map(line).collect();
        let index = self.ui.pick(question, "the ID of a webhook", &items)?;
        let chosen = webhooks.get(index).map(|w| w.id);
        chosen.ok_or_else(|| CommandError::internal("the choice is not in the list"))
    }

    /// These IDs, or the one that the user picks.
    pub fn ids_or_pick(&self, ids: &[WebhookId], question: &'static str) -> Result<Vec<WebhookId>> {
        let mut ids = ids.to_vec();
        if ids.is_empty() {
            ids.push(self.pick(question)?);
        }
        let mut seen = std::collections::HashSet::new();
        ids.retain(|id| seen.insert(*id));
        Ok(ids)
    }
}

/// The answer to a question for a webhook, where nobody can be asked.
pub fn webhook_id() -> Hint {
    Hint::from("the ID of a webhook, as ").run("list").text(" shows it")
}

/// The proxy variables. Lower case wins, as with curl; `HTTP_PROXY` in upper case is not believed in
/// a CGI program, where a client's `Proxy:` header could have set it.
pub fn proxies(environment: &Environment) -> ProxyVariables {
    let first = |names: &[&'static str]| {
        names.iter().find_map(|name| {
            let value = environment.raw(name)?.to_string_lossy().into_owned();
            (!value.is_empty()).then_some((*name, value))
        })
    };
    let http: &[&str] = if environment.raw("REQUEST_METHOD").is_some() {
        &["http_proxy"]
    } else {
        &["http_proxy", "HTTP_PROXY"]
    };
    ProxyVariables {
        https: first(&["https_proxy", "HTTPS_PROXY"]),
        http: first(http),
        all: first(&["all_proxy", "ALL_PROXY"]),
        no: first(&["no_proxy", "NO_PROXY"]).map(|(_, value)| value),
    }
}
