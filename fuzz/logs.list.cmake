hikae_fuzz(logs_line MODULES logs base)
