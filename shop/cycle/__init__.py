"""The programme's year: six steps for each locality, ideas and plans of producers, conferences and training, the library."""
