"""Who makes the goods: cooperatives, groups, companies and households."""
