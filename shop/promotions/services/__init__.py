"""The only writers of promotions: `editing` (what there is), `using` (what orders take of it and give back)."""
