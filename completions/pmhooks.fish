complete --keep-order --exclusive --command pmhooks --arguments "(COMPLETE=fish pmhooks -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
