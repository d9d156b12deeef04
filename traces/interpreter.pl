# interpreter.pl FILE - a small interpreter run: count a text's words.
# SPDX-License-Identifier: GPL-3.0-or-later
my %count;
while (<>) { $count{lc $1}++ while /([A-Za-z]+)/g }
my @words = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
print "$_ $count{$_}\n" for @words[0 .. 9];
