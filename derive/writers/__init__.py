"""What turns a document into text: the words of a language, and one folder for each format."""
