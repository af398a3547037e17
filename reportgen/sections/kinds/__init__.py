"""The sections that come with reportgen, one file each."""
