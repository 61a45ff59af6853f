hikae_fuzz(survey_script MODULES survey policy base)
