"""What is known about defects: typed pages, pages of the user's own, and how they are found."""
