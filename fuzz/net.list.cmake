hikae_fuzz(aws_profile MODULES net)
hikae_fuzz(aws_answers MODULES net)
