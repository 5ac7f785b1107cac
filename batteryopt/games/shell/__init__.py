"""What every game's answers share: both routes compared, a paper's figures beside ours."""
