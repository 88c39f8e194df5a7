"""What of a detector's frames may go on: time, picture size, joints."""
