//! Ctrl-C and its kin: the terminal is put back in order, and the run ends with the promised code.

#[cfg(not(unix))]
pub use elsewhere::{Interrupts, Leave, TerminalGuard, restore_terminal};
#[cfg(unix)]
pub use unix::{Interrupts, Leave, TerminalGuard, restore_terminal};

#[cfg(unix)]
mod unix {
    use std::io::Write as _;
    use std::os::fd::AsFd as _;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    /// The terminal's settings from before a question was asked.
    static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

    /// Keeps the terminal's settings while a question is asked.
    ///
    /// Dialogs turn the echo off and hide the cursor. A signal ends the process in the middle of that,
    /// so somebody must remember how the terminal was.
    #[derive(Debug)]
    pub struct TerminalGuard;

    impl TerminalGuard {
        /// Remembers the settings.
        pub fn keep() -> Self {
            *lock() = tcgetattr(std::io::stdin().as_fd()).ok();
            Self
        }

        /// The same, and from now on keys come one by one and unechoed, Ctrl-C too. A dialog does this
        /// only while it reads; a Ctrl-C just before would end the process in the middle of it.
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

    /// Puts the terminal back as it was before the question that is being asked, if one is.
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

    /// How a process is ended: `std::process::exit`, handed down by whoever owns the process.
    pub type Leave = fn(i32) -> !;

    /// What to do when somebody wants the run to end.
    ///
    /// At first Ctrl-C just ends the process with 130: that costs one system call at start. A question
    /// or a write that must not be torn asks for more with [`Interrupts::listen`].
    #[derive(Clone, Debug, Default)]
    pub struct Interrupts {
        leave: Option<Leave>,
        listening: Arc<OnceLock<()>>,
        /// Ctrl-C ends the process at once, without anything to put in order.
        at_once: Arc<AtomicBool>,
        /// The first signal only asks: a write is under way that must be finished and reported.
        gently: Arc<AtomicBool>,
        asked: Arc<AtomicBool>,
        /// Nothing is under way: the run only waits to be ended.
        waiting: Arc<AtomicBool>,
    }

    fn say(sentence: &str) {
        let _ = writeln!(std::io::stderr().lock(), "pmhooks: {sentence}");
    }

    impl Interrupts {
        /// Ends the process with 130 on Ctrl-C.
        pub fn new(leave: Leave) -> Self {
            let interrupts = Self { leave: Some(leave), ..Self::default() };
            interrupts.at_once.store(true, Ordering::SeqCst);
            let at_once = Arc::clone(&interrupts.at_once);
            // Where this fails, Ctrl-C still ends the process, in the system's own way.
            let _ = signal_hook::flag::register_conditional_shutdown(SIGINT, 128 + SIGINT, at_once);
            interrupts
        }

        /// From now on SIGINT, SIGTERM and SIGHUP put the terminal in order before they end the process.
        pub fn listen(&self) {
            let Some(leave) = self.leave else { return };
            self.listening.get_or_init(|| {
                let heard = self.clone();
                let (hand, handed) = mpsc::channel::<Signals>();
                let thread = std::thread::Builder::new().name("signals".to_owned());
                // The thread comes first: without it nobody would hear a signal that is caught.
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

        /// From now on the first signal only asks; the work looks at [`Interrupts::is_asked`].
        pub fn go_gently(&self) {
            self.gently.store(true, Ordering::SeqCst);
            self.listen();
        }

        /// From now on a signal is the normal end: nothing is under way that it could tear.
        pub fn only_wait(&self) {
            self.waiting.store(true, Ordering::SeqCst);
            self.go_gently();
        }

        /// True once somebody wants this to end.
        pub fn is_asked(&self) -> bool {
            self.asked.load(Ordering::SeqCst)
        }

        /// Waits until somebody wants this to end.
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
    /// How a process is ended.
    pub type Leave = fn(i32) -> !;

    /// Nothing to keep: the console puts itself in order.
    #[derive(Debug)]
    pub struct TerminalGuard;

    impl TerminalGuard {
        /// Does nothing here.
        pub fn keep() -> Self {
            Self
        }
        /// Does nothing here.
        pub fn for_keys() -> Self {
            Self
        }
    }

    /// Does nothing here.
    pub fn restore_terminal() {}

    /// Ctrl-C ends the process in the system's own way here.
    #[derive(Clone, Debug, Default)]
    pub struct Interrupts;

    impl Interrupts {
        /// Changes nothing here.
        pub fn new(_: Leave) -> Self {
            Self
        }
        /// Changes nothing here.
        pub fn listen(&self) {}
        /// Changes nothing here.
        pub fn go_gently(&self) {}
        /// Changes nothing here.
        pub fn only_wait(&self) {}
        /// Never here.
        pub fn is_asked(&self) -> bool {
            false
        }
        /// Waits for the system to end the process.
        pub fn wait(&self) {
            loop {
                std::thread::park();
            }
        }
    }
}
