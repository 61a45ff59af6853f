hikae_fuzz(policy_schedule MODULES policy base)
hikae_fuzz(policy_span MODULES policy base)
