"""Reading GitHub, hosted or Enterprise: what is asked for, how answers become raw records, and who we are there."""
