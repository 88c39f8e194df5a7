"""The camera's place over the floor: from boards, measured points, or a person who walks."""
