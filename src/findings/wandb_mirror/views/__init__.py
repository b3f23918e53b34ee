"""What W&B shows of a finding, as code: a workspace and a report, made from its records and made again over them."""
