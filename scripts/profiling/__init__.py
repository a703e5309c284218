"""Shows where the time goes, stage by stage; see scripts/profile."""
