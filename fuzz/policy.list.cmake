hikae_fuzz(policy_file MODULES policy)
