hikae_fuzz(chunker MODULES chunker base)
