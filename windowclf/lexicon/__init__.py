"""From words to feature ids: vocabulary, features, gazetteers and word clusters."""
