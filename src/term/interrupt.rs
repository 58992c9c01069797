//! Signals: the terminal is restored, and the run ends with the documented exit code.

#[cfg(not(unix))]
pub use elsewhere::{Interrupts, Leave, PassedSignals, TerminalGuard, restore_terminal};
#[cfg(unix)]
pub use unix::{Interrupts, Leave, PassedSignals, TerminalGuard, restore_terminal};

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Settings of the terminal before the current question.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Guard that restores the terminal's settings when a question ends.
    ///
    /// Dialogs turn off the echo and hide the cursor, and a signal may end the process meanwhile.
    #[derive(Debug)]
    pub struct TerminalGuard;

    impl TerminalGuard {
        /// Saves the settings.
        pub fn keep() -> Self {
            *lock() = tcgetattr(std::io::stdin().as_fd()).ok();
            Self
        }

        /// Saves the settings and reads keys one by one, without echo, Ctrl-C included.
        ///
        /// Dialogs do so only while they read; a Ctrl-C just before would end the process.
        pub fn for_keys() -> Self {
            let guard = Self::keep();
            if let Some(mut now) = lock().clone() {
                now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
                let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &now);
            }
            guard
        }
    }

    impl Drop for TerminalGuard {
        fn drop(&mut self) {
            if let Some(before) = lock().take() {
                let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &before);
            }
        }
    }

    /// Restores the terminal if a question is being asked.
    pub fn restore_terminal() {
        if let Some(before) = lock().take() {
            let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &before);
            let mut err = std::io::stderr().lock();
            let _ = err.write_all(b"\x1b[?25h\n").and_then(|()| err.flush());
        }
    }

    fn lock() -> std::sync::MutexGuard<'static, Option<Termios>> {
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the process: `std::process::exit`, passed down from `main`.
    pub type Leave = fn(i32) -> !;

    /// Signal handling of a run.
    ///
    /// At first, Ctrl-C ends the process with 130, which costs one system call at the start. A question, or a
    /// write that must be completed, needs [`Interrupts::listen`].
    #[derive(Clone, Debug, Default)]
    pub struct Interrupts {
        leave: Option<Leave>,
        listening: Arc<OnceLock<()>>,
        /// True while Ctrl-C ends the process without any cleanup.
        at_once: Arc<AtomicBool>,
        /// True if the first signal is only a request: a write must be finished and reported.
        gently: Arc<AtomicBool>,
        asked: Arc<AtomicBool>,
        /// True if nothing is in progress: the run waits for a signal.
        waiting: Arc<AtomicBool>,
    }

    /// Signals for a child process.
    pub struct PassedSignals(Option<Signals>);

    impl PassedSignals {
        /// Sends the child the signals that arrived since the last call. Ctrl-C at a terminal is left
        /// out: the terminal sends it to the child itself.
        pub fn send_to(&mut self, child: &std::process::Child) {
            let at_terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
            for signal in self.0.iter_mut().flat_map(Signals::pending) {
                if signal == SIGINT && at_terminal {
                    continue;
                }
                if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
                    // A child that has ended meanwhile needs no signal.
                    let pid = rustix::process::Pid::from_child(child);
                    let _ = rustix::process::kill_process(pid, signal);
                }
            }
        }
    }

    fn say(sentence: &str) {
        let _ = writeln!(std::io::stderr().lock(), "pmhooks: {sentence}");
    }

    impl Interrupts {
        /// Handler that ends the process with 130 on Ctrl-C.
        pub fn new(leave: Leave) -> Self {
            let interrupts = Self { leave: Some(leave), ..Self::default() };
            interrupts.at_once.store(true, Ordering::SeqCst);
            let at_once = Arc::clone(&interrupts.at_once);
            // If this fails, Ctrl-C still ends the process by the system's default.
            let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, at_once);
            interrupts
        }

        /// From now on, SIGINT, SIGTERM and SIGHUP restore the terminal before they end the process.
        pub fn listen(&self) {
            let Some(leave) = self.leave else { return };
            self.listening.get_or_init(|| {
                let heard = self.clone();
                let (hand, handed) = mpsc::channel::<Signals>();
                let thread = std::thread::Builder::new().name("signals".to_owned());
                // The thread comes first: without it, caught signals would be lost.
                let started = thread.spawn(move || {
                    let Ok(mut signals) = handed.recv() else { return };
                    for signal in &mut signals {
                        let again = heard.asked.swap(true, Ordering::SeqCst);
                        let gently = heard.gently.load(Ordering::SeqCst);
                        if again || !gently {
                            restore_terminal();
                            if gently && !heard.waiting.load(Ordering::SeqCst) {
                                say(
                                    "left at once; outcome unknown: what was under way may be done",
                                );
                            }
                            leave(128 + signal);
                        }
                        if !heard.waiting.load(Ordering::SeqCst) {
                            say("finishing what is under way; Ctrl-C again leaves at once");
                        }
                    }
                });
                if started.is_err() {
                    return;
                }
                let Ok(signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
                self.at_once.store(false, Ordering::SeqCst);
                let _ = hand.send(signals);
            });
        }

        /// From now on, the first signal is a request that the work reads with [`Interrupts::is_asked`].
        pub fn go_gently(&self) {
            self.gently.store(true, Ordering::SeqCst);
            self.listen();
        }

        /// From now on, a signal is the normal end of the run.
        pub fn only_wait(&self) {
            self.waiting.store(true, Ordering::SeqCst);
            self.go_gently();
        }

        /// True after a signal.
        pub fn is_asked(&self) -> bool {
            self.asked.load(Ordering::SeqCst)
        }

        /// From now on signals are only passed on to a child process.
        pub fn pass_on(&self) -> PassedSignals {
            self.at_once.store(false, Ordering::SeqCst);
            PassedSignals(Signals::new([SIGINT, SIGTERM, SIGHUP]).ok())
        }

        /// Waits for a signal.
        pub fn wait(&self) {
            self.only_wait();
            while !self.is_asked() {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    /// Ends the process.
    pub type Leave = fn(i32) -> !;

    /// Guard without effect: the console restores itself.
    #[derive(Debug)]
    pub struct TerminalGuard;

    impl TerminalGuard {
        pub fn keep() -> Self {
            Self
        }
        pub fn for_keys() -> Self {
            Self
        }
    }

    pub fn restore_terminal() {}

    /// Signal handling by the system's defaults.
    #[derive(Clone, Debug, Default)]
    pub struct Interrupts;

    /// Signals for a child process: Windows sends Ctrl-C to it by itself.
    pub struct PassedSignals;

    impl PassedSignals {
        pub fn send_to(&mut self, _: &std::process::Child) {}
    }

    impl Interrupts {
        pub fn new(_: Leave) -> Self {
            Self
        }
        pub fn listen(&self) {}
        pub fn go_gently(&self) {}
        pub fn only_wait(&self) {}

        pub fn pass_on(&self) -> PassedSignals {
            PassedSignals
        }
        /// Never here.
        pub fn is_asked(&self) -> bool {
            false
        }
        pub fn wait(&self) {
            loop {
                std::thread::park();
            }
        }
    }
}
