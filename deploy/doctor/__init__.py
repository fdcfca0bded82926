"""What is wrong with an installation: each check a finding, with its remedy."""
