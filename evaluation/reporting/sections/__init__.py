"""The sections of the annual report: released facts and the words for them."""
